// The list of sentences: filtered as one types, and kept fresh while the voice gets better.

const POLL_MS = 4000;
const FRESHEN_MS = 15000;
const finder = document.getElementById("finder");
const search = document.getElementById("q");
const rows = [...document.querySelectorAll(".sentence")];
const voice = document.querySelector('[data-list="voice"]');

// As web/prompts.py compares: letters, figures and characters.
const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

function filter() {
  const wanted = plain(search.value);
  const kind = new FormData(finder).get("show");
  let shown = 0;
  for (const row of rows) {
    row.hidden = !(row.dataset.find.includes(wanted) && row.dataset.kinds.split(" ").includes(kind));
    shown += !row.hidden;
  }
  for (const dialogue of document.querySelectorAll(".dialogue")) {
    dialogue.hidden = !dialogue.querySelector(".sentence:not([hidden])");
  }
  document.getElementById("nothing").hidden = shown > 0;
  document.getElementById("shown").textContent = `共 ${rows.length} 句，显示 ${shown} 句`;
  const query = new URLSearchParams(new FormData(finder));
  if (kind === "all") query.delete("show");
  if (!search.value) query.delete("q");
  history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`);
}

let freshened = performance.now();

// Whose voice each sentence has now, out of the page as it would be loaded.
async function freshen() {
  const answer = await fetch("/prompts");
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const now of document.querySelectorAll("[data-now]")) {
    const newer = page.querySelector(`[data-now="${CSS.escape(now.dataset.now)}"]`);
    if (newer) now.innerHTML = newer.innerHTML; // rendered and escaped by our own server
  }
  freshened = performance.now();
}

async function look() {
  try {
    if (!document.hidden) {
      const answer = await fetch("/live/voice");
      const before = voice.querySelector("[data-done]").dataset.done;
      if (answer.ok) voice.innerHTML = await answer.text();
      const changed = voice.querySelector("[data-done]").dataset.done !== before;
      stale ||= changed;
      if (stale && performance.now() - freshened > FRESHEN_MS) {
        stale = false;
        await freshen();
      }
    }
  } catch {
    // The server is away for a moment: what is shown stays, and the next look asks again.
  }
  setTimeout(look, POLL_MS);
}

let stale = false;
search.addEventListener("input", (event) => event.isComposing || filter());
search.addEventListener("compositionend", filter);
finder.addEventListener("change", filter);
finder.addEventListener("submit", (event) => {
  event.preventDefault();
  filter();
});
filter();
setTimeout(look, POLL_MS);
