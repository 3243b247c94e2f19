// The draft on its way to the server: every keystroke, in order, and nothing typed is ever lost.

import { LOST, Refused } from "./store.js";

const GATHER_MS = 150;
const PUSHED_MS = 1_000;

export class Draft extends EventTarget {
  part = null; // the server's whole draft
  clashes = {}; // field -> {mine, theirs}: changed there while it was typed here
  refused = {}; // field -> {value, words}: what the server would not take
  #store;
  #typed = {}; // not sent yet
  #flying = null; // sent, not answered
  #before = {}; // field -> what the server had when the typing began
  #timer = 0;
  #making = null;
  #waits_for = 0; // the version that the server has and we have not seen

  constructor(store) {
    super();
    this.#store = store;
    store.on(["draft"], (parts, { whole }) => this.#take(parts.draft, whole));
    store.on(["call"], (parts) => parts.call || this.#forget());
    addEventListener("pagehide", () => this.#send());
  }

  get unsaved() {
    return Boolean(this.#flying) || Object.keys(this.#typed).length > 0;
  }

  value(field) {
    for (const layer of [this.#typed, this.#flying ?? {}]) if (field in layer) return layer[field];
    if (field in this.refused) return this.refused[field].value;
    return this.part?.fields?.[field] ?? null;
  }

  type(changes) {
    for (const [field, value] of Object.entries(changes)) {
      if (!(field in this.#before)) this.#before[field] = this.part?.fields?.[field] ?? null;
      this.#typed[field] = value;
      delete this.refused[field];
      delete this.clashes[field];
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), GATHER_MS);
    this.#tell();
  }

  // Resolves when everything typed so far is on the server; rejects with Refused.
  async flush() {
    clearTimeout(this.#timer);
    if (!this.part) await this.#make();
    while (this.unsaved) {
      const answer = this.saving ?? this.#send() ?? this.#newer();
      if (!answer) throw this.trouble ?? new Refused(LOST);
      await answer;
      if (this.trouble) throw this.trouble;
    }
  }

  #newer() {
    if (!this.#waits_for) return null;
    return new Promise((done) => this.addEventListener("change", done, { once: true }));
  }

  // Resolves when the server's draft is seen to be so: an answer may come before the part that shows it.
  async until(seen) {
    const over = performance.now() + PUSHED_MS;
    while (!(this.part && seen(this.part)) && performance.now() < over) {
      await new Promise((done) => {
        this.addEventListener("change", done, { once: true });
        setTimeout(done, PUSHED_MS);
      });
    }
  }

  // After a command that answered with the draft's new version.
  reached({ version } = {}) {
    return this.until((part) => !version || part.version >= version);
  }

  take_mine(field) {
    this.type({ [field]: this.clashes[field].mine });
  }

  drop_mine(field) {
    delete this.clashes[field];
    this.#tell();
  }

  begin(verb, appointment_id) {
    return this.#store.ask("draft.new", { verb, appointment_id });
  }

  // A first keystroke without a draft begins one.
  #make() {
    const made = async () => {
      await this.begin("book");
      if (!this.part) await new Promise((done) => this.addEventListener("begun", done, { once: true }));
    };
    this.#making ??= made().finally(() => (this.#making = null));
    return this.#making;
  }

  #send() {
    clearTimeout(this.#timer);
    if (this.#flying || !Object.keys(this.#typed).length || !this.#store.online) return null;
    if (this.part && this.part.version < this.#waits_for) return null;
    if (!this.part) {
      this.#make().catch((error) => this.#trouble(error));
      return null;
    }
    this.#flying = this.#typed;
    this.#typed = {};
    const { draft_id, version } = this.part;
    this.saving = this.#store
      .ask("draft.save", { draft_id, version, changes: this.#flying })
      .then((ok) => this.#saved(draft_id, ok), (error) => this.#unsaved(draft_id, error))
      .finally(() => {
        this.saving = null;
        if (!this.trouble || this.trouble.code === "lost") this.#send();
        this.#tell();
      });
    return this.saving;
  }

  #saved(draft_id, { version }) {
    const sent = this.#flying ?? {};
    this.#flying = null;
    this.trouble = null;
    for (const field of Object.keys(sent)) if (!(field in this.#typed)) delete this.#before[field];
    if (this.part?.draft_id !== draft_id || this.part.version >= version) return;
    this.part = { ...this.part, version, fields: { ...this.part.fields, ...sent } };
  }

  #unsaved(draft_id, error) {
    const sent = this.#flying ?? {};
    this.#flying = null;
    if (this.part?.draft_id !== draft_id) return;
    const wrong = [error.facts.fields ?? [], error.facts.field ?? []].flat();
    if (wrong.some((field) => field in sent)) {
      for (const [field, value] of Object.entries(sent)) {
        if (wrong.includes(field)) this.refused[field] = { value, words: error.message };
        else this.#typed = { [field]: value, ...this.#typed };
      }
      return;
    }
    this.#typed = { ...sent, ...this.#typed };
    if (error.code !== "changed-meanwhile") return this.#trouble(error);
    if (error.facts.draft) return this.#take(error.facts.draft, true);
    return this.#wait_for(error.facts.version ?? this.part.version + 1);
  }

  // The server pushes what is newer; should that get lost, what was typed goes on top of it.
  #wait_for(version) {
    if (this.part.version >= version) return;
    this.#waits_for = version;
    setTimeout(() => {
      if (!this.part || this.part.version >= version) return;
      this.part = { ...this.part, version };
      this.#send();
    }, PUSHED_MS);
  }

  // Said once, not sent again by itself: the next keystroke or the next connection sends it.
  #trouble(error) {
    this.trouble = error;
    if (error.code !== "lost") this.dispatchEvent(new CustomEvent("trouble", { detail: error }));
  }

  #take(part, against) {
    if (part?.state === "closed" && !part.result) part = null;
    if (part?.draft_id !== this.part?.draft_id && this.part) this.#forget();
    else if (part && this.part && part.version < this.part.version) return;
    against ||= Boolean(part && this.#waits_for && part.version >= this.#waits_for);
    if (part && part.version >= this.#waits_for) this.#waits_for = 0;
    this.part = part;
    if (part) this.dispatchEvent(new Event("begun"));
    if (part && against) this.#compare();
    this.trouble = null;
    this.#tell();
    this.#send();
  }

  // What another page changed meanwhile stands; what was typed here is kept beside it.
  #compare() {
    for (const [field, mine] of Object.entries(this.#typed)) {
      const theirs = this.part.fields?.[field] ?? null;
      const masked = typeof theirs === "string" && theirs.includes("*");
      if (masked || theirs === mine || theirs === this.#before[field]) continue;
      this.clashes[field] = { mine, theirs };
      delete this.#typed[field];
      delete this.#before[field];
    }
  }

  #forget() {
    this.part = null;
    this.#waits_for = 0;
    this.#typed = {};
    this.#flying = null;
    this.#before = {};
    this.clashes = {};
    this.refused = {};
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
