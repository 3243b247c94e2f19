// The fields of a draft: who is ill, with what paper, how they are reached. Every keystroke goes to the draft.

import { at, button, fill, h, kbd, say } from "./dom.js";
import { born } from "./format.js";
import { composing } from "./keys.js";

const ID_KINDS = {
  resident: "居民身份证", foreigner: "外国人永居证", "hk-macau": "港澳通行证", taiwan: "台胞证", passport: "护照",
  military: "军官证", household: "户口簿",
};
const RELATIONS = [["self", "本人"], ["parent", "父母"], ["child", "子女"], ["spouse", "配偶"], ["other", "其他"]];
const SEXES = [["male", "男"], ["female", "女"]];
const PAYS = [["at-hospital", "到院付"], ["card", "卡内扣"], ["online", "网上付"]];
// Secrets that are typed while the caller says them: the recording pauses itself.
const SECRET = { id_number: "identity", card: "card" };
// Said of the person who was picked, and of nobody else. The server takes the secrets out by itself: named
// in what is saved they would silence the recording.
const OF_PERSON = ["phone", "birth_date", "sex"];

const plain = (typed) => typed.trim() || null;
const figures = (typed) => typed.replace(/[\s-]/g, "") || null;
const upper = (typed) => figures(typed)?.toUpperCase() ?? null;
const bare = (name) => name.replace(/[\s·•.]/g, "");

// field: [label, how typed text becomes its value, attributes]
const TEXTS = {
  name: ["姓名", plain, { maxLength: 40 }],
  birth_date: ["出生日期", (typed) => born(typed) ?? plain(typed), { inputMode: "numeric", placeholder: "19580312", maxLength: 10 }],
  phone: ["患者手机", figures, { inputMode: "tel", maxLength: 20 }],
  id_number: ["证件号码", upper, { maxLength: 24 }],
  card: ["就诊卡号", figures, { maxLength: 24 }],
  contact_phone: ["短信发到", figures, { inputMode: "tel", maxLength: 20 }],
  note: ["备注", plain, { maxLength: 120 }],
};

export class Form {
  fields = {}; // field -> {node, control, help, read, write}
  patient = null; // whom the draft is for, as they are on record
  #store;
  #draft;
  #act;
  #touched = new Set();

  constructor(store, draft, act) {
    this.#store = store;
    this.#draft = draft;
    this.#act = act;
    for (const field of Object.keys(TEXTS)) this.fields[field] = this.#text(field);
    this.fields.id_kind = this.#kind();
    this.fields.sex = this.#choice("sex", "性别", SEXES, { shown: () => draft.value("sex") ?? this.patient?.sex ?? null });
    this.fields.pay = this.#choice("pay", "支付", PAYS, { shown: () => this.#way() });
    this.fields.relation = this.#choice("relation", "与来电人", RELATIONS, {
      read: (value) => ({ attendee_is_caller: value === "self", relation: value === "self" ? null : value }),
      shown: () => (draft.value("attendee_is_caller") ? "self" : draft.value("relation")),
    });
    draft.addEventListener("change", () => this.show());
    store.on(["caller"], () => this.show());
    // The server may be another process than the one that was told of the secret.
    store.addEventListener("state", ({ detail }) => detail === "online" && this.#still_secret());
  }

  #still_secret() {
    const field = Object.keys(SECRET).find((one) => this.fields[one].control === document.activeElement);
    if (field) this.#act("gap", { on: true, why: SECRET[field] });
  }

  node(...names) {
    return names.map((name) => this.fields[name].node);
  }

  focus(field) {
    const { control } = this.fields[field] ?? {};
    const target = control?.matches?.("fieldset")
      ? (control.querySelector("input:checked") ?? control.querySelector("input:not(:disabled)"))
      : control;
    target?.focus();
    if (target?.select) target.select();
    return Boolean(target);
  }

  // The draft as it stands, except under the cursor of somebody who is typing there.
  show() {
    const missing = Object.fromEntries((this.#draft.part?.missing ?? []).map((one) => [one.field, one]));
    this.#known();
    for (const [field, one] of Object.entries(this.fields)) {
      if (!(document.activeElement === one.control && this.#touched.has(field))) one.write();
      this.#help(field, one, missing[field] ?? (field === "relation" ? missing.attendee_is_caller : null));
    }
  }

  // What is on record of the patient stands faintly where nothing was typed: it need not be asked again.
  #known() {
    const { person } = this.#store.parts.caller ?? {};
    const id = this.#draft.value("person_id");
    this.patient = person && person.person_id === id ? person : null;
    const on_record = {
      name: this.patient?.name, phone: this.patient?.phone_masked, contact_phone: this.patient?.phone_masked,
      id_number: this.patient?.id_masked, card: this.patient?.cards?.[0]?.masked,
      birth_date: this.patient?.age == null ? null : `${this.patient.age}岁`,
    };
    for (const [field, value] of Object.entries(on_record)) {
      this.fields[field].control.placeholder = value ?? TEXTS[field][2].placeholder ?? "";
    }
  }

  // What was chosen, if the hospital has it; else what its rules come to.
  #way() {
    const { pays, pay } = this.#draft.part ?? {};
    const chosen = this.#draft.value("pay");
    return chosen && (!pays || pays.includes(chosen)) ? chosen : (pay ?? chosen);
  }

  // Which ways to pay there are; null: nobody knows before a slot is chosen.
  allow_pays(codes) {
    for (const input of this.fields.pay.control.querySelectorAll("input")) {
      input.disabled = Boolean(codes) && !codes.includes(input.value);
    }
  }

  #help(field, one, missing) {
    const clash = this.#draft.clashes[field];
    const refused = this.#draft.refused[field];
    one.node.classList.toggle("wrong", Boolean(refused || clash));
    one.node.classList.toggle("missing", Boolean(missing) && missing.must !== false && !refused && !clash);
    one.control.setAttribute("aria-invalid", String(Boolean(refused || clash)));
    if (clash) {
      return fill(
        one.help, `别处刚改过，您填的是“${clash.mine ?? "空"}”`,
        button("用我的", "", () => this.#draft.take_mine(field), { class: "small" }),
        button("不用", "", () => this.#draft.drop_mine(field), { class: "small" }),
      );
    }
    return say(one.help, refused?.words ?? "");
  }

  #field(field, label, control, tag = "div") {
    const help = h("p", { class: "help", id: `help-${field}`, "aria-live": "polite" });
    control.setAttribute("aria-describedby", help.id);
    const named = control.matches("fieldset") ? null : h("label", { htmlFor: control.id }, label);
    return { help, node: h(tag, { class: `field field-${field}` }, named, control, help) };
  }

  #text(field) {
    const [label, read, props] = TEXTS[field];
    const control = h("input", {
      id: `field-${field}`, type: "text", autocomplete: "off", spellcheck: false, ...props,
      on: {
        input: (event) => {
          this.#touched.add(field);
          // What an input method shows while it composes is no word yet; its end is an input of its own.
          if (!event.isComposing) typed();
        },
        compositionend: () => typed(),
        focus: () => {
          this.#touched.delete(field);
          if (control.value.includes("*")) control.select(); // what is masked is typed anew, or left alone
          if (SECRET[field]) this.#act("gap", { on: true, why: SECRET[field] });
        },
        blur: () => {
          this.#touched.delete(field);
          if (SECRET[field]) this.#act("gap", { on: false, why: SECRET[field] });
          this.show();
        },
        keydown: (event) => {
          if (event.key !== "Enter" || event.ctrlKey || composing(event)) return;
          event.preventDefault();
          after(control)?.focus();
        },
      },
    });
    const typed = () => {
      if (control.value.includes("*")) return;
      const value = read(control.value);
      this.#draft.type({ ...this.#with(field, value), [field]: value });
    };
    const write = () => {
      const value = this.#draft.value(field) ?? "";
      if (control.value !== value) control.value = value;
    };
    return { ...this.#field(field, label, control), control, write };
  }

  // A number is of a kind, also when nobody touched the list of kinds; another name is another person.
  #with(field, value) {
    if (field === "id_number" && !this.#draft.value("id_kind")) return { id_kind: "resident" };
    return field === "name" && this.#somebody_else(value) ? this.#nobody() : {};
  }

  #somebody_else(name) {
    const picked = this.patient?.name ?? this.#draft.part?.fields?.name;
    return Boolean(name && picked && this.#draft.value("person_id")) && bare(name) !== bare(picked);
  }

  // Nobody is picked any more; what has just been typed beside the name is the new person's already.
  #nobody() {
    const saved = this.#draft.part?.fields ?? {};
    const theirs = OF_PERSON.filter((one) => saved[one] != null && this.#draft.value(one) === saved[one]);
    for (const one of [...OF_PERSON, ...Object.keys(SECRET)]) delete this.#draft.refused[one];
    return Object.fromEntries(["person_id", ...theirs].map((one) => [one, null]));
  }

  #kind() {
    const control = h(
      "select",
      { id: "field-id_kind", on: { change: () => this.#draft.type({ id_kind: control.value }) } },
      Object.entries(ID_KINDS).map(([value, label]) => h("option", { value }, label)),
    );
    const write = () => (control.value = this.#draft.value("id_kind") ?? "resident");
    return { ...this.#field("id_kind", "证件", control), control, write };
  }

  // A few ways side by side: arrows move, figures choose.
  #choice(field, label, ways, { read = (value) => ({ [field]: value }), shown = () => this.#draft.value(field) } = {}) {
    const inputs = ways.map(([value, words], place) => {
      const input = h("input", { type: "radio", name: field, value, id: `field-${field}-${value}` });
      return h("label", { class: "way" }, input, h("span", {}, kbd(place + 1), words));
    });
    const control = h(
      "fieldset",
      {
        id: `field-${field}`,
        on: {
          change: (event) => this.#draft.type(read(event.target.value)),
          keydown: (event) => {
            const input = control.querySelectorAll("input")[Number(event.key) - 1];
            if (event.key === "Enter" && !event.ctrlKey) after(control.querySelector(":focus"))?.focus();
            else if (!input || input.disabled || event.ctrlKey || event.altKey || composing(event)) return;
            else {
              input.checked = true;
              input.focus();
              this.#draft.type(read(input.value));
            }
            event.preventDefault();
          },
        },
      },
      h("legend", {}, label), h("div", { class: "ways" }, inputs),
    );
    const write = () => {
      const value = shown();
      for (const input of control.querySelectorAll("input")) input.checked = input.value === value;
    };
    return { ...this.#field(field, label, control), control, write };
  }
}

// The next thing to type into after this one, radio groups counted once.
function after(control) {
  const all = [...at("work").querySelectorAll("input, select, [role=listbox]")].filter(
    (one) => one.checkVisibility() && !one.disabled && (one.name === "" || one.name !== control.name || one === control),
  );
  return all[all.indexOf(control) + 1];
}
