// Elements from data. No markup is ever made of strings: what callers and servers say stays text.

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value == null || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node && name !== "list" && name !== "form") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...told(children));
  return node;
}

function told(children) {
  return children.flat(Infinity).filter((child) => child != null && child !== false);
}

// The new children of a node; whatever had the focus in there has it again, if it is still there.
export function fill(node, ...children) {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  const id = focused?.id || focused?.dataset?.key;
  node.replaceChildren(...told(children));
  if (!focused || document.activeElement === focused) return;
  // The very same node too: it was out of the page for a moment, and that takes the focus.
  if (node.contains(focused)) focused.focus();
  else if (id) node.querySelector(`#${CSS.escape(id)}, [data-key="${CSS.escape(id)}"]`)?.focus();
}

// Sets words only when they differ: a screen reader is told a thing once.
export function say(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

export const at = (id) => document.getElementById(id);

export function kbd(key) {
  return h("kbd", { "aria-hidden": "true" }, key);
}

// A button with its key. `busy` names the command that locks it while it runs.
export function button(label, key, act, props = {}) {
  return h(
    "button",
    { type: "button", on: { click: act }, "aria-keyshortcuts": key ? shortcut(key) : null, ...props },
    h("span", {}, label),
    key ? kbd(key) : null,
  );
}

function shortcut(key) {
  return key.replace("Ctrl", "Control").replaceAll(" ", "");
}
