// What opens over the left column beside the work: targets, pauses, keypad, commands, reasons, keys.

import { fill, h, kbd } from "./dom.js";
import { level } from "./keys.js";

export class Drawer {
  #node;
  #forget = null;
  #back = null;
  #closed = null;
  what = null;

  constructor(node) {
    this.#node = node;
  }

  // what: which one; the same again closes it. body: nodes. focus: what gets the cursor.
  open(what, title, body, focus, { closed } = {}) {
    const back = this.what ? this.#back : document.activeElement;
    this.close(false);
    this.what = what;
    this.#back = back;
    this.#closed = closed;
    fill(
      this.#node,
      h("header", { class: "drawer-head" }, h("h2", {}, title),
        h("button", { type: "button", class: "small", "aria-label": `关闭${title}`, on: { click: () => this.close() } }, kbd("Esc"))),
      body,
    );
    this.#node.hidden = false;
    this.#node.setAttribute("aria-label", title);
    this.#forget = level(() => this.close());
    focus?.();
  }

  close(give_back = true) {
    if (!this.what) return;
    this.what = null;
    this.#forget?.();
    this.#forget = null;
    const inside = this.#node.contains(document.activeElement);
    this.#node.hidden = true;
    fill(this.#node);
    this.#closed?.();
    if (give_back && inside && this.#back?.isConnected) this.#back.focus();
  }
}
