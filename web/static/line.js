// One's place in line, kept true without loading the page again. Without a script the page loads itself.

const place = document.querySelector("[data-live]");
const here = new URL(location.href);

if (place && here.searchParams.get("live") !== "yes") {
  here.searchParams.set("live", "yes");
  location.replace(here);
} else if (place) {
  look(Number(place.dataset.again));
}

function look(seconds) {
  setTimeout(ask, seconds * 1000);
}

async function ask() {
  try {
    const answer = await fetch(place.dataset.live, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    if (told.key !== place.dataset.key) {
      location.reload();
      return;
    }
    place.querySelector("[data-words]").textContent = told.words;
    place.querySelector("[data-more]").textContent = told.more;
    if (told.again_s) look(told.again_s);
  } catch {
    look(10);
  }
}
