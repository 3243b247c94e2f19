// The keys of the desk: one table, listed on the page, silent while an input method is composing.

const THROTTLE_MS = 350;

const table = new Map(); // "Ctrl+Enter" -> {key, label, act, shown}
const pressed = new Map();
const levels = []; // what Esc closes, the innermost last

export function bind(key, label, act, { shown = true } = {}) {
  table.set(key, { key, label, act, shown });
}

export const bound = () => [...table.values()].filter((one) => one.shown);

// Esc goes back one level: whatever is opened says how it is closed, and gets back how to forget that.
export function level(close) {
  levels.push(close);
  return () => {
    const at = levels.indexOf(close);
    if (at >= 0) levels.splice(at, 1);
  };
}

export function composing(event) {
  return event.isComposing || event.keyCode === 229;
}

function named(event) {
  const name = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  // With Alt a keyboard may give another character: the place of the key counts.
  const letter = event.altKey && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : name;
  return [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.shiftKey && event.ctrlKey && "Shift", letter]
    .filter(Boolean)
    .join("+");
}

function back(event) {
  event.preventDefault();
  const close = levels.pop();
  if (close) close();
  else document.activeElement?.blur?.();
}

export function listen() {
  addEventListener("keydown", (event) => {
    if (composing(event) || event.metaKey || event.defaultPrevented) return;
    if (event.key === "Escape") return event.repeat || back(event);
    const key = named(event);
    const one = table.get(key);
    if (!one) return;
    event.preventDefault(); // also when it does nothing now: F3 must not open the browser's own search
    const now = performance.now();
    if (event.repeat || now - (pressed.get(key) ?? -THROTTLE_MS) < THROTTLE_MS) return;
    pressed.set(key, now);
    one.act(event);
  });
}
