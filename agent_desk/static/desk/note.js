// The line under the strip: what stands (no connection, no sound), what just happened, what is asked.

import { button, fill, h, kbd } from "./dom.js";
import { level } from "./keys.js";
import { Refused } from "./store.js";

const PASSING_MS = 12_000;
const ORDER = ["question", "connection", "leg", "phone", "message"];

export class Note {
  #node;
  #standing = new Map(); // what -> {words, tone, does}
  #passing = null;
  #timer = 0;
  #forget = null;
  #hints = [];

  constructor(node) {
    this.#node = node;
  }

  // Something that stays until it is over. words: null takes it away. does: {label, key, act}.
  stand(what, words, tone = "bad", does = null) {
    const now = this.#standing.get(what);
    if (now?.words === words || (!now && !words)) return;
    if (words) this.#standing.set(what, { words, tone, does });
    else this.#standing.delete(what);
    this.#show();
  }

  // The keys of this moment, shown while there is nothing to say: [[key, label]].
  hint(keys) {
    this.#hints = keys;
    this.#show();
  }

  tell(words, tone = "quiet") {
    clearTimeout(this.#timer);
    this.#passing = words ? { words, tone } : null;
    if (words) this.#timer = setTimeout(() => this.tell(null), PASSING_MS);
    this.#show();
  }

  // A question that only another key than the one pressed before can answer: Delete does it, Esc does not.
  ask(words, label, act) {
    this.withdraw();
    const back = document.activeElement;
    const answer = (sure) => {
      this.withdraw();
      if (back?.isConnected) back.focus();
      if (sure) act();
    };
    this.#forget = level(() => answer(false));
    this.#standing.set("question", { words, tone: "wait", answer, label });
    this.#show();
    this.#node.querySelector(".question button").focus();
  }

  withdraw() {
    this.#forget?.();
    this.#forget = null;
    if (this.#standing.delete("question")) this.#show();
  }

  #show() {
    const standing = ORDER.filter((what) => this.#standing.has(what)).map((what) => this.#standing.get(what));
    fill(
      this.#node,
      standing.map((one) => (one.answer ? question(one) : line(one))),
      this.#passing && line(this.#passing),
      !standing.length && !this.#passing && h("p", { class: "keys-now" }, this.#hints.map(([key, label]) => h("span", {}, kbd(key), label))),
    );
  }
}

function line({ words, tone, does }) {
  return h(
    "p",
    { class: `line ${tone}`, role: tone === "bad" ? "alert" : "status" },
    words,
    does && button(does.label, does.key, does.act, { class: "small" }),
  );
}

function question({ words, answer, label }) {
  return h(
    "div",
    {
      class: "line wait question", role: "group", "aria-label": words,
      on: {
        keydown: (event) => {
          if (event.key !== "Delete" || event.repeat) return;
          event.preventDefault();
          event.stopPropagation();
          answer(true);
        },
      },
    },
    h("span", { role: "alert" }, words),
    // Enter or Space on the button would be the habit of a hand; only Delete is meant.
    h(
      "button",
      { type: "button", class: "small danger", "aria-keyshortcuts": "Delete", on: { click: (event) => event.detail && answer(true) } },
      h("span", {}, label), kbd("Delete"),
    ),
    h("button", { type: "button", class: "small", on: { click: () => answer(false) } }, h("span", {}, "不"), kbd("Esc")),
  );
}

// Commands with their refusals said on the line; null when it was refused or already runs.
export function acting(store, note) {
  return async (what, facts = {}) => {
    if (store.busy(what)) return null;
    try {
      return (await store.ask(what, facts)) ?? {};
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      note.tell(error.message, "bad");
      return null;
    }
  };
}
