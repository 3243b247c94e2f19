// From a few letters to a held slot: department or doctor, session, period; and what equals a full one.

import { choices, searching } from "./choices.js";
import { button, fill, h, say } from "./dom.js";
import { day, day_of, moment, money } from "./format.js";
import { down } from "./timers.js";
import { Refused } from "./store.js";

const LIVE_MS = 3_000;
const KINDS = { hospital: "医院", department: "科室", doctor: "医生" };
const HALVES = { am: "上午", pm: "下午", night: "晚上", morning: "上午", afternoon: "下午", evening: "晚上" };

export class Choose {
  #store;
  #draft;
  #held;
  #sessions = [];
  #session = null; // the one whose periods are shown
  #seen = ""; // what the lists were asked for
  #changing = false; // the lists are open although a slot is held
  #equal = false;
  #like = null; // what the equivalents on the screen stand in for

  // held(): what comes after a slot is held; act: a command with its refusal on the line.
  constructor(store, draft, { held }) {
    this.#store = store;
    this.#draft = draft;
    this.#held = held;
    this.search = searching({
      label: "医院、科室或医生", placeholder: "科室或医生：xnk、心内、李建国", hint: "F9",
      seek: (q) => this.#seek(q),
      options: { draw: hit, pick: (one) => this.#picked(one), key: (one) => `${one.kind}${one.id}` },
    });
    this.sessions = choices({
      label: "班次", draw: session, key: (one) => one.session_id, empty: "",
      off: shut, pick: (one) => this.#take_session(one),
    });
    this.periods = choices({
      label: "时段", draw: period, key: (one) => one.period_id,
      off: (one) => (one.free > 0 ? "" : "约满"), pick: (one) => this.#take(this.#session.session_id, one.period_id),
    });
    this.equals = choices({
      label: "同级号源", draw: equal, key: id,
      off: (one) => (one.free > 0 ? "" : "约满"), empty: "没有同级的号源",
      pick: (one) => this.#take(one.session_id, one.period_id ?? null, one),
    });
    this.#build();
    draft.addEventListener("change", () => this.show());
    setInterval(() => this.#live(), LIVE_MS);
  }

  #build() {
    this.chosen = h("p", { class: "chosen", "aria-live": "polite" });
    this.trouble = h("p", { class: "help", role: "alert" });
    this.found = h("div", { class: "found", hidden: true }, this.search.found.node);
    this.nothing = h("p", { class: "soft", "aria-live": "polite" });
    this.lists = h(
      "div", { class: "slots" },
      h("section", { class: "list-sessions", "aria-label": "班次" }, this.sessions.node, this.nothing),
      h("section", { class: "list-periods", "aria-label": "时段" }, this.periods.node),
    );
    this.equal_list = h("section", { class: "list-equals", "aria-label": "同级号源", hidden: true }, h("h3", {}, "同级号源"), this.equals.node);
    this.held = h("div", { class: "held", hidden: true });
    this.node = h(
      "section", { class: "choose", "aria-label": "号源" },
      h("div", { class: "seek" }, h("label", { class: "seek-field" }, h("span", {}, "挂什么号"), this.search.input), this.chosen),
      this.trouble, this.found, this.held, this.lists, this.equal_list,
    );
    this.search.input.addEventListener("input", () => (this.found.hidden = !this.search.input.value.trim()));
  }

  // --- what is seen ----------------------------------------------------------------------------

  show() {
    const part = this.#draft.part;
    const hold = part?.hold ?? null;
    if (part?.draft_id !== this.drawn) this.#anew(part);
    this.#show_chosen(part);
    const done = Boolean(part?.result);
    this.search.input.disabled = done;
    this.held.hidden = !hold || done;
    if (hold && !done) fill(this.held, told(hold), this.#ways());
    this.lists.hidden = done || this.#equal || (Boolean(hold) && !this.#changing) || !this.#wants();
    this.equal_list.hidden = done || !this.#equal;
    this.#lapsed(part);
    this.#load();
  }

  // The names of what was chosen: the server's, else those of the sessions that came for it.
  #show_chosen(part) {
    const [first] = this.#sessions;
    const names = part?.labels ?? (this.#wants() && first ? { ...first, doctor: this.#draft.value("doctor_id") && first.doctor } : {});
    fill(this.chosen, ["hospital", "department", "doctor"].map((one) => names[one] && h("span", {}, names[one])));
  }

  // The slot that was held is gone: said where it stood, once.
  #lapsed(part) {
    const gone = part?.lapsed;
    if (!gone || part.hold || part.result || this.gone === gone.hold_id) return;
    this.gone = gone.hold_id;
    this.refuse(`占号的时间到了，已放回：${gone.doctor ?? gone.department} ${day(gone.day)} ${gone.time}，F9 重选`);
  }

  #anew(part) {
    this.drawn = part?.draft_id;
    this.#changing = false;
    this.#equal = false;
    this.#session = null;
    this.#sessions = [];
    this.#seen = "";
    this.search.clear();
    this.found.hidden = true;
    this.refuse("");
    this.sessions.show([]);
    this.periods.show([]);
  }

  #ways() {
    return h(
      "div", { class: "held-ways" },
      button("换时段", "F9", () => this.open(), { class: "small" }),
      button("同级", "F10", () => this.open_equals(), { class: "small" }),
    );
  }

  refuse(words, more = true) {
    fill(this.trouble, words, words && more && [button("同级号源", "F10", () => this.open_equals(), { class: "small" })]);
  }

  // --- opening by key ----------------------------------------------------------------------------

  // The sessions of what is chosen; the search when nothing is.
  open() {
    this.#equal = false;
    this.#changing = true;
    this.show();
    if (this.#sessions.length) this.sessions.focus();
    else this.focus_search();
  }

  focus_search() {
    this.search.input.focus();
    this.search.input.select();
  }

  async open_equals() {
    const hold = this.#draft.part?.hold;
    const from = this.#draft.value("appointment_id")
      ? { appointment_id: this.#draft.value("appointment_id") }
      : { session_id: hold?.session_id ?? this.#session?.session_id ?? this.#sessions[0]?.session_id ?? null };
    if (!from.appointment_id && !from.session_id) return this.refuse("先选科室，才能找同级号源", false);
    try {
      const { choices: found } = await this.#store.ask("equivalents", from);
      this.#equal = true;
      this.#like = from;
      this.show();
      this.equals.show(found);
      this.equals.focus();
    } catch (error) {
      this.#said(error, false);
    }
    return null;
  }

  // As they are now. Each keeps its place, so that a digit chooses what the operator has read.
  async #equals_now() {
    const from = this.#like;
    const { choices: found } = await this.#store.ask("equivalents", from);
    if (!this.#equal || from !== this.#like) return;
    const now = new Map(found.map((one) => [id(one), one]));
    const kept = this.equals.items.map((one) => now.get(id(one)) ?? { ...one, free: 0, held: [] });
    const known = new Set(kept.map(id));
    this.equals.show([...kept, ...found.filter((one) => !known.has(id(one)))]);
  }

  // --- finding -----------------------------------------------------------------------------------

  async #seek(q) {
    this.found.hidden = !q;
    if (!q) return [];
    try {
      const hospital_id = this.#draft.value("hospital_id");
      const within = hospital_id && !this.#wants() ? { hospital_id } : {}; // a hospital was chosen, and nothing in it
      return (await this.#store.ask("catalogue.search", { q, ...within })).hits;
    } catch (error) {
      this.#said(error, false);
      return null;
    }
  }

  async #picked({ hospital_id = null, department_id = null, doctor_id = null }) {
    this.search.clear();
    this.found.hidden = true;
    this.refuse("");
    this.#equal = false;
    this.#changing = true;
    this.#draft.type({ hospital_id, department_id, doctor_id });
    await this.#load(true);
    if (!this.#wants()) this.focus_search();
    else if (this.#sessions.some((one) => !shut(one))) this.sessions.focus();
    else if (this.#sessions.length) await this.open_equals();
  }

  #wants() {
    const ids = ["hospital_id", "department_id", "doctor_id"].map((one) => [one, this.#draft.value(one)]);
    const given = Object.fromEntries(ids.filter(([, value]) => value != null));
    return given.department_id || given.doctor_id ? given : null;
  }

  async #load(again = false) {
    const wants = this.#wants();
    const seen = JSON.stringify(wants);
    if (!wants || !this.#store.online || (!again && seen === this.#seen) || this.lists.hidden) return null;
    if (this.#seen === seen && this.loading) return this.loading;
    if (this.#seen !== seen) this.sessions.show([]); // another list: nothing of the old one stays lit
    this.#seen = seen;
    this.loading = this.#slots(wants, seen).finally(() => (this.loading = null));
    return this.loading;
  }

  async #slots(wants, seen) {
    try {
      const answer = await this.#store.ask("slots", wants);
      if (this.#seen !== seen) return;
      const sessions = answer.sessions.filter((one) => !one.over);
      const { next_release } = answer;
      this.#sessions = sessions;
      this.sessions.show(sessions);
      this.#show_chosen(this.#draft.part);
      say(this.nothing, sessions.length ? "" : next_release ? `现在没有号，${day_of(next_release)} ${moment(next_release)} 放号` : "近期没有班次");
      this.#session = sessions.find((one) => one.session_id === this.#session?.session_id) ?? null;
      this.periods.show(this.#session?.periods ?? []);
    } catch (error) {
      this.#said(error, false);
    }
  }

  async #live() {
    const seen = (list) => !list.hidden && list.checkVisibility();
    if (document.hidden || !this.#store.online) return;
    try {
      if (seen(this.lists)) await this.#load(true);
      else if (seen(this.equal_list) && !this.#store.busy("equivalents")) await this.#equals_now();
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // nobody asked: what is seen stays
    }
  }

  // --- taking ------------------------------------------------------------------------------------

  async #take_session(one) {
    if (this.#session?.session_id !== one.session_id) this.periods.show([]);
    this.#session = one;
    this.periods.show(one.periods ?? []);
    if ((one.periods ?? []).length > 1) return this.periods.focus();
    return this.#take(one.session_id, one.periods?.[0]?.period_id ?? null);
  }

  async #take(session_id, period_id, from = null) {
    this.refuse("");
    try {
      await this.#draft.flush();
      const draft_id = this.#draft.part.draft_id;
      await this.#draft.reached(await this.#store.ask("draft.choose", { draft_id, session_id, period_id }));
      this.#changing = false;
      this.#equal = false;
      this.show();
      this.#held();
    } catch (error) {
      this.#said(error, !from);
      this.#load(true);
    }
  }

  #said(error, more = true) {
    if (!(error instanceof Refused)) throw error;
    this.refuse(error.message, more);
  }
}

// --- one line each -----------------------------------------------------------------------------------

function hit(one) {
  return [h("b", {}, one.label), h("span", { class: "soft" }, one.hint || KINDS[one.kind])];
}

// Why nothing can be had of a session, in a word; "" when something can.
function shut(one) {
  if (one.stopped) return "停诊";
  if (one.opens) return `${moment(one.opens)}放号`;
  return one.free > 0 ? "" : "约满";
}

const id = (one) => `${one.session_id}/${one.period_id ?? ""}`;
const others = (one) =>
  (one.held ?? []).slice(0, 2).map((each) => h("span", { class: "other" }, "占用中 ", down(each.until, { warn_s: 0 })));

function session(one) {
  return [
    h("span", { class: "cell-day" }, `${day(one.day)} ${HALVES[one.half] ?? one.half ?? ""}`),
    h("b", { class: "cell-doctor" }, one.doctor ?? "普通号", " ", h("span", { class: "soft" }, one.title)),
    h("span", { class: "cell-fee" }, money(one.fee_fen)),
    h("span", { class: `cell-free${shut(one) ? " none" : ""}` }, shut(one) || `余 ${one.free}`, !shut(one) && h("span", { class: "soft" }, `/${one.total}`)),
    h("span", { class: "cell-held" }, others(one)),
  ];
}

function period(one) {
  return [h("b", {}, one.time), h("span", { class: one.free ? "" : "none" }, one.free ? `余 ${one.free}` : "满")];
}

function equal(one) {
  const fee = one.fee_diff_fen ? `（${one.fee_diff_fen > 0 ? "贵" : "省"} ${money(Math.abs(one.fee_diff_fen))}）` : "";
  return [
    h("span", { class: "why" }, one.why),
    h("div", { class: "equal" },
      h("b", {}, [one.hospital, one.department].join(" ")), h("span", {}, [one.doctor, one.title].filter(Boolean).join(" ")),
      h("span", {}, `${day(one.day)} ${one.time}`), h("span", { class: one.free > 0 ? "soft" : "none" }, `${one.free > 0 ? `余 ${one.free}` : "约满"} · ${money(one.fee_fen)}${fee}`),
      others(one)),
  ];
}

function told(hold) {
  return h(
    "div", { class: "held-what" },
    h("p", { class: "held-left" }, "已占号 ", down(hold.until, { warn_s: 60, class: "countdown" })),
    h("p", {}, h("b", {}, [hold.hospital, hold.department].join(" ")), " ", [hold.doctor, hold.title].filter(Boolean).join(" ")),
    h("p", {}, `${day(hold.day)} ${hold.time}`, hold.sequence ? ` · 第 ${hold.sequence} 号` : "", ` · ${money(hold.fee_fen)}`),
  );
}
