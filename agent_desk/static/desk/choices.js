// A list from which one chooses by digits, arrows or a click: nine at a time, the rest a key away.

import { fill, h, kbd } from "./dom.js";

const PAGE = 9;
let lists = 0;

// draw(item) -> nodes; pick(item); key(item) -> what keeps the highlight on the same item when it is
// shown anew; off(item) -> words why it cannot be chosen, or "".
export function choices({ label, draw, pick, key = (item) => item.id ?? item.code, off = () => "", empty = "", tall = false }) {
  const id = `list-${++lists}`;
  let items = [];
  let page = 0;
  let lit = 0; // within the page
  let locked = false;

  const list = h("ul", {
    class: `choices${tall ? " tall" : ""}`, id, role: "listbox", tabIndex: 0, "aria-label": label,
    on: { keydown: (event) => drive(event, true), focus: light },
  });
  const more = h("p", { class: "more soft", "aria-live": "polite" });
  const node = h("div", { class: "choosing" }, list, more);

  const shown = () => items.slice(page * PAGE, (page + 1) * PAGE);
  const pages = () => Math.max(1, Math.ceil(items.length / PAGE));

  function show(next) {
    const kept = shown()[lit] ? key(shown()[lit]) : null;
    items = next;
    let where = kept == null ? -1 : items.findIndex((item) => key(item) === kept);
    if (where < 0) where = Math.max(0, items.findIndex((item) => !off(item))); // the first that can be had
    [page, lit] = [Math.floor(where / PAGE), where % PAGE];
    render();
  }

  function render() {
    page = Math.min(page, pages() - 1);
    fill(list, shown().map(option));
    more.textContent = !items.length ? empty : pages() > 1 ? `第 ${page + 1}/${pages()} 页 · 0 下一页` : "";
    light();
  }

  function option(item, place) {
    const why = off(item);
    return h(
      "li",
      {
        id: `${id}-${place}`, role: "option", "aria-selected": "false", "aria-disabled": why ? "true" : null,
        on: { mousedown: (event) => event.preventDefault(), click: () => choose(place) },
      },
      kbd(place + 1),
      h("div", { class: "option" }, draw(item)),
    );
  }

  function light() {
    [...list.children].forEach((one, place) => one.setAttribute("aria-selected", String(place === lit)));
    if (list.children[lit]) {
      list.setAttribute("aria-activedescendant", `${id}-${lit}`);
      list.children[lit].scrollIntoView?.({ block: "nearest" });
    } else list.removeAttribute("aria-activedescendant");
  }

  function light_on(wanted) {
    const where = items.findIndex((item) => key(item) === wanted);
    if (where < 0) return;
    [page, lit] = [Math.floor(where / PAGE), where % PAGE];
    render();
  }

  async function choose(place) {
    const item = shown()[place];
    if (!item || locked || off(item)) return;
    lit = place;
    light();
    locked = true;
    try {
      await pick(item);
    } finally {
      locked = false;
    }
  }

  function turn(by) {
    page = (page + by + pages()) % pages();
    lit = 0;
    render();
  }

  // digits: whether figures choose; false while a field in front of the list takes them as text.
  function drive(event, digits) {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.metaKey) return;
    const keys = {
      ArrowDown: () => (lit = Math.min(lit + 1, shown().length - 1)),
      ArrowUp: () => (lit = Math.max(lit - 1, 0)),
      PageDown: () => turn(1),
      PageUp: () => turn(-1),
      Enter: () => event.repeat || choose(lit),
    };
    const digit = digits && /^[0-9]$/.test(event.key) ? Number(event.key) : null;
    if (digit === 0 && pages() > 1) turn(1);
    else if (digit) event.repeat || choose(digit - 1);
    else if (keys[event.key] && items.length) keys[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
    light();
  }

  render();
  return { node, list, show, drive, light_on, lit: () => shown()[lit], focus: () => list.focus(), get items() { return items; } };
}

// A field in front of a list: arrows and Enter reach the list, and figures too after Latin letters.
export function searching({ label, placeholder, hint, seek, options }) {
  const found = choices({ ...options, label });
  let asked = 0;
  let timer = 0;
  let looking = null; // the search that is on its way
  const input = h("input", {
    type: "search", autocomplete: "off", spellcheck: false, placeholder, "aria-label": label, role: "combobox",
    "aria-expanded": "true", "aria-controls": found.list.id, "aria-keyshortcuts": hint ?? null,
    on: {
      input: () => {
        clearTimeout(timer);
        timer = setTimeout(look, 80);
      },
      keydown: (event) => {
        const digits = /^[a-z]+$/i.test(input.value);
        if (!(timer || looking) || !chooses(event, digits)) return found.drive(event, digits);
        // Fingers are faster than the search: they choose from what is about to come.
        event.preventDefault();
        return (timer ? look() : looking).then(() => found.drive(event, digits));
      },
    },
  });

  function look() {
    clearTimeout(timer);
    timer = 0;
    const mine = ++asked;
    const search = Promise.resolve(seek(input.value.trim())).then((items) => {
      if (mine === asked && items) found.show(items);
      if (looking === search) looking = null;
    });
    return (looking = search);
  }

  function clear() {
    clearTimeout(timer);
    timer = 0;
    asked++;
    looking = null;
    input.value = "";
    found.show([]);
  }

  return { input, found, look, clear };
}

function chooses(event, digits) {
  if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.repeat) return false;
  return event.key === "Enter" || (digits && /^[1-9]$/.test(event.key));
}
