// The work in the middle: the draft from the patient to the read-back, and what came of it.

import { Choose } from "./choose.js";
import { button, fill, h, say } from "./dom.js";
import { Form } from "./form.js";
import { serial, visit, day } from "./format.js";
import { Refused } from "./store.js";

// Beside which field a refusal stands. What is not here belongs to the slot.
const OF_FIELD = {
  "identity-needed": "id_number", "identity-invalid": "id_number", "identity-conflict": "id_number",
  "identity-locked": "id_number", "card-short": "pay", "card-charge-off": "pay", "identity-kind-refused": "id_kind", "phone-invalid": "contact_phone",
  "limit-phone": "contact_phone", "card-mismatch": "card", "wrong-amount": "pay", "wrong-sex": "sex",
  "too-young": "birth_date", "too-old": "birth_date", "person-unknown": "name",
};
// With these the way on is another slot.
const OTHER_SLOT = /^(slot-|share-|session-|hold-|limit-(?!phone)|outside-|not-released|too-late-to-book|overlapping|rebook|too-young|too-old|wrong-sex|not-open|hospital-)/;

const VERBS = {
  book: ["预约", "提交预约", "预约成功"], change: ["变更预约", "提交变更", "变更成功"],
  cancel: ["取消预约", "确认取消", "已取消"],
};
const verb_of = (part) => VERBS[part?.verb] ?? VERBS.book;

// Whether there is something to commit: what is cancelled needs no slot.
const complete = (part) => Boolean(part?.hold) || part?.verb === "cancel";
const NAMED = ["name", "person_id"];
const must = (part) => part.missing?.find((one) => one.must !== false);

export class Work {
  #store;
  #draft;
  #act;
  #note;
  #committing = false;
  #hospital_id = null; // for which the card was checked last

  constructor(store, draft, { act, note }) {
    this.#store = store;
    this.#draft = draft;
    this.#act = act;
    this.#note = note;
    this.form = new Form(store, draft, (what, facts) => store.online && store.ask(what, facts).catch(() => {}));
    this.choose = new Choose(store, draft, { held: () => this.onward() });
    this.#build();
    draft.addEventListener("change", () => this.show());
    draft.addEventListener("trouble", (event) => note.tell(event.detail.message, "bad"));
    for (const kind of ["asked", "answered", "state"]) store.addEventListener(kind, () => this.#lock());
  }

  #build() {
    this.title = h("h2", {}, "预约");
    this.saved = h("p", { class: "saved soft", "aria-live": "polite" });
    this.changing = h("p", { class: "changing" });
    this.read_back = h("p", { class: "read-back", "aria-live": "polite" });
    this.missing = h("p", { class: "gaps" });
    this.warnings = h("ul", { class: "warnings" });
    this.commit_button = button("提交预约", "Ctrl+Enter", () => this.commit(), { class: "commit" });
    this.result = h("section", { class: "result", hidden: true, "aria-label": "结果", tabIndex: -1 });
    this.last = h(
      "section", { class: "last", "aria-label": "复述并提交" },
      this.read_back, h("div", { class: "last-words" }, this.missing, this.warnings), this.commit_button,
    );
    this.patient = h(
      "section", { class: "patient", "aria-label": "患者" },
      this.form.node("name", "sex", "birth_date", "phone", "id_kind", "id_number", "card"),
    );
    this.settle = h("section", { class: "settle", "aria-label": "联系与支付" }, this.form.node("pay", "contact_phone", "note"));
    this.node = h(
      "div", { class: "booking" },
      h("header", { class: "work-head" }, this.title, this.changing, this.form.node("relation"), this.saved),
      this.patient, this.choose.node, this.settle, this.result, this.last,
    );
    const card = this.form.fields.card.control;
    card.addEventListener("change", () => this.#check_card());
  }

  // --- what is seen ----------------------------------------------------------------------------

  show() {
    const part = this.#draft.part;
    const change = part?.verb === "change";
    say(this.title, verb_of(part)[0]);
    say(this.saved, this.#draft.unsaved ? (this.#store.online ? "正在保存…" : "还没有保存，连上就存") : part ? "已保存" : "");
    this.saved.classList.toggle("waiting", this.#draft.unsaved && !this.#store.online);
    this.#show_changed(change);
    this.form.allow_pays(part?.pays ?? null);
    const result = part?.result ?? null;
    this.last.hidden = Boolean(result);
    this.settle.hidden = Boolean(result);
    this.result.hidden = !result;
    this.node.classList.toggle("done", Boolean(result));
    if (result) this.#show_result(result, verb_of(part)[2]);
    const missing = part?.missing ?? [];
    say(this.read_back, part?.hold ? (part.read_back ?? "") : "");
    fill(this.missing, missing.length > 0 && part?.hold && [h("span", { class: "soft" }, "接着问 "), missing.map((one) => h("span", { class: one.must === false ? "ask" : "ask must" }, one.words))]);
    fill(this.warnings, (part?.warnings ?? []).map((words) => h("li", {}, words)));
    say(this.commit_button.firstChild, verb_of(part)[1]);
    this.#at_hospital();
    this.#lock();
  }

  #show_changed(change) {
    const id = this.#draft.value("appointment_id");
    const old = change && this.#store.parts.caller?.appointments?.find((one) => one.appointment_id === id);
    say(this.changing, old ? `原预约 ${serial(old.serial)} ${visit(old)} ${day(old.day)} ${old.time}` : "");
  }

  #show_result({ serial: number, say: words }, done) {
    if (this.shown_result === number) return;
    this.shown_result = number;
    fill(
      this.result,
      h("p", { class: "result-head" }, done, h("span", { class: "soft" }, "流水号")),
      h("p", { class: "result-serial", "aria-label": `流水号 ${serial(number)}` }, serial(number)),
      h("p", { class: "read-back" }, words),
      h("p", { class: "soft" }, "同一来电人还有事：Alt+N　·　说完再见：F8 结束"),
    );
  }

  #lock() {
    const part = this.#draft.part;
    const busy = this.#committing || this.#store.busy("draft.commit");
    this.commit_button.disabled = busy || !complete(part) || Boolean(part.result) || !this.#store.online;
    this.commit_button.setAttribute("aria-busy", String(busy));
  }

  // --- where the cursor goes ------------------------------------------------------------------------

  // To where the next typing happens: what is missing, else the slot, else the read-back.
  onward() {
    const part = this.#draft.part;
    if (part?.result) return this.result.focus();
    if (!part || (part.verb === "book" && !NAMED.some((field) => this.#draft.value(field)))) return this.form.focus("name");
    if (!complete(part)) return this.choose.focus_search();
    const first = must(part);
    if (first && this.form.focus(first.field === "attendee_is_caller" ? "relation" : first.field)) return null;
    return this.commit_button.focus();
  }

  // --- what is done ------------------------------------------------------------------------------------

  async commit() {
    const part = this.#draft.part;
    if (this.#committing || !part || part.result) return;
    if (!complete(part)) return this.#first_the_slot();
    this.#committing = true;
    this.#lock();
    this.choose.refuse("");
    try {
      await this.#draft.flush();
      const first = must(this.#draft.part);
      if (first) {
        this.#note.tell(first.words, "wait");
        this.onward();
        return;
      }
      const { draft_id, version } = this.#draft.part;
      await this.#store.ask("draft.commit", { draft_id, version });
      await this.#draft.until((now) => now.result);
      this.#note.tell("已提交", "good");
      this.result.focus();
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#committing = false;
      this.#lock();
    }
  }

  #first_the_slot() {
    this.#note.tell("还没有选号：打科室的拼音首字母，再按数字选", "wait");
    this.choose.focus_search();
  }

  // The words of a refusal stand beside the field they belong to, which has the cursor.
  #refused(error, { go = true } = {}) {
    if (!(error instanceof Refused)) throw error;
    const field = [error.facts.field, error.facts.fields].flat().find((one) => one in this.form.fields) ?? OF_FIELD[error.code];
    if (field) {
      this.#draft.refused[field] = { value: this.#draft.value(field), words: error.message };
      this.form.show();
      if (go) this.form.focus(field);
    } else if (OTHER_SLOT.test(error.code)) this.choose.refuse(error.message);
    if (!go || !field || !this.form.fields[field].node.checkVisibility()) this.#note.tell(error.message, "bad");
  }

  // A card is of one hospital: what was typed before is checked when the hospital is chosen.
  #at_hospital() {
    const hospital_id = this.#draft.value("hospital_id");
    if (hospital_id === this.#hospital_id) return;
    this.#hospital_id = hospital_id;
    this.#check_card({ go: false });
  }

  // Card, name and phone must agree; said beside the card as soon as all three are there. Whose card it is
  // beside somebody who was picked, the warnings of the draft say. go: whether the cursor goes there.
  async #check_card({ go = true } = {}) {
    const [card, name, phone] = ["card", "name", "phone"].map((field) => this.#draft.value(field));
    const hospital_id = this.#draft.value("hospital_id");
    if (!card || card.includes("*") || !name || !hospital_id || !this.#store.online) return;
    if (this.#draft.value("person_id")) return;
    const number = phone && !phone.includes("*") ? { phone } : {};
    try {
      await this.#store.ask("card.check", { card, name, hospital_id, ...number });
      this.#note.tell("就诊卡、姓名、电话一致", "good");
    } catch (error) {
      if (this.#draft.value("card") === card) this.#refused(error, { go });
    }
  }

  // The next matter of the same caller: a new form, the caller stays.
  async next_matter() {
    const before = this.#draft.part?.draft_id;
    if (!(await this.#act("matter.next"))) return;
    await this.#draft.until((part) => part.draft_id !== before);
    this.onward();
  }

  async change(appointment) {
    if (!(await this.#act("draft.new", { verb: "change", appointment_id: appointment.appointment_id }))) return;
    await this.#draft.until((part) => part.verb === "change");
    this.choose.focus_search();
    this.choose.open_equals();
  }
}
