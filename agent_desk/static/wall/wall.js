// Keeps an open wall true: parts arrive whole and rendered; timers run here; charts are drawn from the table.

import { draw, resize } from "/desk/static/wall/charts.js";

const STALE_MS = 8000;
const RETRY_MS = [500, 1000, 2000, 5000, 5000];
const wall = document.getElementById("wall");
const panel = document.getElementById("panel");
const said = document.getElementById("said");
const age = document.getElementById("age");
const asOf = document.getElementById("as-of");

let skew = 0; // the server's clock minus ours
let heard = performance.now();
let tries = 0;

// --- the socket -----------------------------------------------------------------------------------

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/wall/socket?${wall.dataset.query}`);
  socket.addEventListener("message", (event) => {
    tries = 0;
    take(JSON.parse(event.data));
  });
  socket.addEventListener("close", () => {
    setTimeout(connect, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
  });
}

function take(message) {
  skew = Date.parse(message.now) - Date.now();
  // What is as old as the server says counts, not that the line is alive.
  heard = performance.now() - Math.max(0, Date.parse(message.now) - Date.parse(message.as_of));
  wall.dataset.cursor = message.cursor;
  asOf.dateTime = message.as_of;
  asOf.textContent = new Intl.DateTimeFormat("zh-CN", {
    timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).format(Date.parse(message.as_of));
  for (const [part, html] of Object.entries(message.snapshot ?? message.changed ?? {})) show(part, html);
  tick();
}

function show(part, html) {
  const place = document.querySelector(`[data-part="${part}"]`);
  if (!place) return;
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const { scrollTop } = place;
  place.innerHTML = html; // rendered and escaped by our own server
  place.scrollTop = scrollTop;
  if (key) place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  if (part === "day") draw();
  if (part === "alarms") ring();
}

// --- time -------------------------------------------------------------------------------------------

function duration(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function tick() {
  const stale = performance.now() - heard > STALE_MS;
  wall.classList.toggle("stale", stale);
  age.classList.toggle("stale", stale);
  if (stale) return; // timers of a floor that nobody hears of would be made up
  const now = Date.now() + skew;
  for (const timer of wall.querySelectorAll("[data-since]")) {
    timer.textContent = duration((now - Date.parse(timer.dataset.since)) / 1000);
  }
}

// --- beside the wall -----------------------------------------------------------------------------------

let opened = new URLSearchParams(location.search).get("panel");
let opener = null;

async function open(what, { focus = true, span = "" } = {}) {
  const [kind, key = ""] = what.split("/");
  const answer = await fetch(`/wall/panel/${kind}/${key}?${wall.dataset.query}${span && `&span=${span}`}`, {
    headers: { Accept: "application/json, text/html" },
  });
  if (!answer.ok) return close();
  const html = await answer.text();
  if (focus) panel.innerHTML = html;
  else anew(html);
  panel.hidden = false;
  wall.classList.add("with-panel");
  opened = what;
  if (focus) panel.focus();
  resize();
}

// The same panel with fresh words: what the supervisor had opened, and stands on, stays.
function anew(html) {
  const [reached, folded] = ["a, button, input, select, textarea, summary", "details"];
  const at = [...panel.querySelectorAll(reached)].indexOf(document.activeElement);
  const unfolded = [...panel.querySelectorAll(folded)].map((one) => one.open);
  panel.innerHTML = html;
  panel.querySelectorAll(folded).forEach((one, index) => (one.open = unfolded[index] ?? one.open));
  if (at >= 0) (panel.querySelectorAll(reached)[at] ?? panel).focus();
}

function close() {
  if (!panel) return;
  panel.hidden = true;
  panel.replaceChildren();
  wall.classList.remove("with-panel");
  opened = null;
  if (opener) wall.querySelector(`[data-key="${CSS.escape(opener)}"]`)?.focus();
  resize();
}

wall.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/wall/']");
  if (!link || !panel || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const query = new URL(link.href).searchParams;
  if (link.classList.contains("close")) {
    event.preventDefault();
    close();
  } else if (query.get("panel")) {
    event.preventDefault();
    opener = link.dataset.key ?? opener;
    open(query.get("panel"), { span: query.get("span") ?? "" });
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && opened && !event.isComposing) close();
});

// --- acts -------------------------------------------------------------------------------------------------

function tell(words, no = false) {
  said.textContent = words;
  said.classList.toggle("no", no);
  said.hidden = !words;
}

wall.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const button = event.submitter ?? form.querySelector("button");
  if (button?.disabled) return;
  if (button) button.disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" },
    });
    const body = await answer.json();
    tell(answer.ok ? body.said : body.words, !answer.ok);
    if (answer.ok && opened) await open(opened, { focus: false });
  } catch {
    tell("没有办成：和服务器的连接断了。", true);
  } finally {
    if (button) button.disabled = false;
  }
});

// --- sound, for three alarms only, and only when somebody has asked for it -----------------------------------

const sound = document.getElementById("sound");
let audio = null;
let rung = "";

function ring() {
  const alarms = [...wall.querySelectorAll("[data-sounds]")].map((alarm) => alarm.dataset.sounds).join(" ");
  if (alarms && alarms !== rung && audio?.state === "running") beep();
  rung = alarms;
}

function beep() {
  for (const [at, hertz] of [[0, 880], [0.25, 660], [0.5, 880]]) {
    const tone = new OscillatorNode(audio, { frequency: hertz });
    const volume = new GainNode(audio, { gain: 0.15 });
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + 0.18);
  }
}

if (sound) {
  sound.hidden = false;
  sound.addEventListener("click", async () => {
    const on = sound.getAttribute("aria-pressed") !== "true";
    if (on) {
      audio ??= new AudioContext();
      await audio.resume();
      beep();
    } else await audio?.suspend();
    sound.setAttribute("aria-pressed", String(on));
    sound.textContent = on ? "关闭警报声" : "打开警报声";
  });
}

for (const twin of wall.querySelectorAll(".twin")) twin.open = false; // the charts say the same
connect();
draw();
setInterval(tick, 1000);
