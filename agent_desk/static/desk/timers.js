// Everything on the page that counts: up from an instant or down to one, with its alarms.

import { h, say } from "./dom.js";
import { clock } from "./format.js";

const STEP_MS = 250;

// A span that counts up since an instant. alarm_s: from when on it is an alarm.
export function up(since, { alarm_s, from_s = 0, ...props } = {}) {
  return h("span", { ...props, role: "timer", data: { up: since, alarm: alarm_s ?? "", from: from_s } });
}

// A span that counts down to an instant. warn_s: the last seconds are shown as near; past zero it is
// late, and says by how much.
export function down(until, { warn_s = 60, ...props } = {}) {
  return h("span", { ...props, role: "timer", data: { down: until, warn: warn_s } });
}

export function plus(instant, seconds) {
  return new Date(Date.parse(instant) + seconds * 1000).toISOString();
}

// store: for its clock, which is the server's. Each step shows all counters on the page.
export function run(store) {
  const step = () => document.querySelectorAll("[data-up], [data-down]").forEach((node) => show(node, store.now()));
  setInterval(step, STEP_MS);
  store.addEventListener("parts", () => queueMicrotask(step));
  return step;
}

function show(node, now) {
  const { up: since, down: until, alarm, from, warn } = node.dataset;
  if (since) {
    const seconds = Math.max(0, (now - Date.parse(since)) / 1000) + Number(from);
    say(node, clock(seconds));
    node.classList.toggle("alarm", alarm !== "" && seconds >= Number(alarm));
    return;
  }
  const left = Math.ceil((Date.parse(until) - now) / 1000);
  say(node, left >= 0 ? clock(left) : `超 ${clock(-left)}`);
  node.classList.toggle("near", left >= 0 && left <= Number(warn));
  node.classList.toggle("alarm", left < 0);
}
