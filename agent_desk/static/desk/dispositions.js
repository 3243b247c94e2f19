// After a call: what it was about, in two levels by figures; filled by what was done, confirmed by Enter.

import { choices } from "./choices.js";
import { button, fill, h } from "./dom.js";
import { down, plus } from "./timers.js";

// Given by the house, never chosen.
const NOT_CHOSEN = "untidy";

export class Dispositions {
  #store;
  #act;
  #first = null; // the code of the first level that is being looked into
  #matter = null;
  #then = null; // asked for while the call goes on: what comes after it

  constructor(store, act) {
    this.#store = store;
    this.#act = act;
    this.first = choices({ label: "小结：第一级", draw: drawn, pick: (one) => this.#into(one.code) });
    this.second = choices({ label: "小结：第二级", draw: drawn, pick: (one) => this.#dispose(this.#first, one.code) });
    this.head = h("header", { class: "wrap-head" });
    this.ready = button("就绪", "F2", () => this.#act("ready"), { class: "commit" });
    this.lists = h("div", { class: "wrap-lists" }, this.first.node, this.second.node);
    this.node = h("section", { class: "wrapping", "aria-label": "话后整理", hidden: true }, this.head, this.lists, this.ready);
    // Enter confirms what the act filled in, whichever list has the cursor.
    this.node.addEventListener("keydown", (event) => this.#confirm(event), true);
    store.on(["matters", "call", "me", "words"], () => this.show());
  }

  // Of a call that was handed over, the other operator's matters are shown and are theirs to end.
  get unfinished() {
    const { matters, me } = this.#store.parts;
    return (matters ?? []).filter((one) => one.open && one.staff_id === me?.staff_id);
  }

  // In the middle of a call, before the next matter of the same caller.
  ask_now(then) {
    this.#then = then;
    this.show();
    this.focus();
  }

  show() {
    const { call, me, matters, words } = this.#store.parts;
    if (!call) this.#then = null;
    const wrap = call?.state === "wrap-up" || me?.state === "wrap-up" || (!call && this.unfinished.length > 0) || this.#then;
    const began = wrap && this.node.hidden;
    this.node.hidden = !wrap;
    if (!wrap) {
      this.#matter = null;
      return;
    }
    const [open] = this.unfinished;
    const another = open?.matter_id !== this.#matter?.matter_id;
    if (another) {
      this.#first = open?.first ?? null;
      this.first.show(firsts(words));
      this.second.show(this.#first ? seconds(words, this.#first) : []);
      this.first.light_on(open?.first);
      this.second.light_on(open?.second);
    }
    this.#matter = open ?? null;
    fill(this.head, h("h2", {}, "话后整理"), this.#said(matters ?? [], open), me?.state === "wrap-up" && this.#clock(me));
    this.lists.hidden = !open;
    this.ready.hidden = Boolean(open);
    const at = document.activeElement;
    if (began || !at || at === document.body || (another && this.node.contains(at))) this.focus();
  }

  focus() {
    if (this.node.hidden) return;
    if (!this.#matter) this.ready.focus();
    else (this.#first !== this.#matter.first ? this.second : this.first).focus();
  }

  #said(matters, open) {
    return h(
      "ol", { class: "matters" },
      matters.map((one) =>
        h(
          "li", { class: one === open ? "open" : "" },
          `事项${one.ordinal} `, h("b", {}, one.label ?? "未定"),
          one.open && one.first ? h("span", { class: "soft" }, one.by_act ? " 按办理结果填好，Enter 确认" : " Enter 确认") : null,
        ),
      ),
    );
  }

  #clock(me) {
    return h("p", { class: "wrap-left" }, "剩 ", down(plus(me.since, me.wrap_up_s), { warn_s: 10 }));
  }

  #confirm(event) {
    if (event.key !== "Enter" || event.repeat || event.ctrlKey || event.isComposing) return;
    const { first, second } = this.#matter ?? {};
    // Once somebody has moved in the lists, Enter chooses there like in every list.
    if (!first || !second || this.first.lit()?.code !== first || this.second.lit()?.code !== second) return;
    event.preventDefault();
    event.stopPropagation();
    this.#dispose(first, second);
  }

  #into(code) {
    this.#first = code;
    this.second.show(seconds(this.#store.parts.words, code));
    this.second.focus();
  }

  async #dispose(first, second) {
    const matter = this.#matter;
    if (!matter || this.#store.busy("dispose")) return null;
    if (!(await this.#act("dispose", { matter_id: matter.matter_id, first, second }))) return null;
    if (!this.#then) return this.focus();
    const then = this.#then;
    this.#then = null;
    this.show();
    return then();
  }
}

function drawn(one) {
  return h("b", {}, one.label);
}

function firsts(words) {
  return Object.entries(words?.dispositions ?? {})
    .filter(([code]) => code !== NOT_CHOSEN)
    .map(([code, { label }]) => ({ code, label }));
}

function seconds(words, first) {
  return Object.entries(words?.dispositions?.[first]?.second ?? {}).map(([code, label]) => ({ code, label }));
}
