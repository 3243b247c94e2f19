// The line under the strip: what stands (no connection, no sound), what just happened, what is asked.

import { button, h, kbd } from "./dom.js";
import { level } from "./keys.js";
import { Refused } from "./store.js";

const PASSING_MS = 12_000;
const ORDER = ["connection", "leg", "phone", "message"];

export class Note {
  #node;
  #standing = new Map(); // what -> {words, tone, does}
  #passing = null;
  #timer = 0;
  #question = null; // its node, while something is asked
  #back = null; // what had the cursor before it was asked
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
    const back = this.#question?.contains(document.activeElement) ? this.#back : document.activeElement;
    this.withdraw();
    this.#back = back;
    const answer = (sure) => {
      this.withdraw();
      if (back?.isConnected) back.focus();
      if (sure) act();
    };
    this.#forget = level(() => answer(false));
    this.#question = question({ words, answer, label });
    this.#show();
    this.#question.querySelector("button").focus();
  }

  withdraw() {
    this.#forget?.();
    this.#forget = null;
    if (!this.#question) return;
    this.#question = null;
    this.#show();
  }

  // The question stays the very node it is: taken out and put back, it would lose the cursor, and with
  // it the Delete that answers; a screen reader would read it out again.
  #show() {
    const lines = ORDER.filter((what) => this.#standing.has(what)).map((what) => line(this.#standing.get(what)));
    if (this.#passing) lines.push(line(this.#passing));
    if (!lines.length && !this.#question) lines.push(keys_now(this.#hints));
    for (const one of [...this.#node.children]) one === this.#question || one.remove();
    if (this.#question && !this.#question.isConnected) this.#node.append(this.#question);
    this.#node.append(...lines);
  }
}

function keys_now(hints) {
  return h("p", { class: "keys-now" }, hints.map(([key, label]) => h("span", {}, kbd(key), label)));
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
