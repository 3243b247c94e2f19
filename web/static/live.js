// Keeps the lists of an open page fresh: the server says which changed, and we fetch those.

const HEALTH_MS = 4000;
const POLL_MS = 8000;
const lists = document.getElementById("lists");
const stale = document.getElementById("stale");
const under_way = new Map(); // list -> "asking", or "again" when it changed meanwhile

async function refresh(name) {
  if (under_way.has(name)) {
    under_way.set(name, "again");
    return;
  }
  do {
    under_way.set(name, "asking");
    try {
      const answer = await fetch(`/live/${name}`);
      if (answer.ok) show(name, await answer.text());
    } catch {
      // The stream tells that the server is away, and asks for everything when it is back.
    }
  } while (under_way.get(name) === "again");
  under_way.delete(name);
}

function show(name, html) {
  const place = document.querySelector(`[data-list="${name}"]`);
  const before = new Set([...place.querySelectorAll("[data-id]")].map((row) => row.dataset.id));
  const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  place.innerHTML = html; // rendered and escaped by our own server
  for (const row of place.querySelectorAll("[data-id]")) {
    row.classList.toggle("new", !before.has(row.dataset.id));
  }
  if (focused) place.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  for (const counter of place.querySelectorAll("[data-seconds]")) {
    counter.started = performance.now() - 1000 * Number(counter.dataset.seconds);
  }
}

function duration(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function tick() {
  for (const counter of document.querySelectorAll("[data-seconds]")) {
    counter.started ??= performance.now() - 1000 * Number(counter.dataset.seconds);
    counter.textContent = duration(Math.floor((performance.now() - counter.started) / 1000));
  }
}

function say(words) {
  stale.textContent = words;
  stale.hidden = !words;
}

function listen() {
  const stream = new EventSource(`/live/events?since=${encodeURIComponent(lists.dataset.cursor)}`);
  stream.addEventListener("changed", (event) => event.data.split(" ").filter(Boolean).forEach(refresh));
  stream.addEventListener("open", () => say(""));
  stream.addEventListener("error", () => {
    say("和服务器的连接断了，正在重连；下面可能不是最新的。");
    // Refused, not only broken: too many pages are open. Then look now and then.
    if (stream.readyState === EventSource.CLOSED) setInterval(poll, POLL_MS);
  });
}

function poll() {
  if (document.hidden) return;
  say("打开的页面太多，这里每8秒更新一次。");
  ["calls", "appointments", "texts"].forEach(refresh);
}

async function watch_health() {
  await Promise.all([refresh("health"), refresh("voice")]);
  const phone = document.querySelector("[data-phone]")?.dataset.phone;
  const shown = document.getElementById("keypad") ? "yes" : "no";
  // The switch has come up since the page was opened: only a new page may talk to it.
  if (phone && phone !== shown && !document.body.dataset.calling) location.reload();
  else setTimeout(watch_health, HEALTH_MS);
}

listen();
setInterval(tick, 1000);
setTimeout(watch_health, HEALTH_MS);
