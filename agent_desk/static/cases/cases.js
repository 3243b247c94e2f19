// A case beside its recording: an entry seeks the sound, the sound moves the cursor, steps go to and fro.
const picture = document.querySelector(".case-picture");
if (picture) {
  const audio = document.querySelector(".rec-player audio");
  const scale = JSON.parse(picture.dataset.scale);
  const began = Number(picture.dataset.began);
  const entries = [...document.querySelectorAll(".case-list li")].map((row) => ({
    row,
    number: Number(row.dataset.mark),
    at: Number(row.dataset.at),
    dot: picture.querySelector(`[data-mark="${row.dataset.mark}"]`),
  }));
  const cursor = picture.querySelector(".case-cursor");
  const stands = document.querySelector(".case-stands");
  let at = entries.findIndex((one) => one.row.hasAttribute("aria-current"));

  const place = (moment) => {
    for (const [first, last, x0, x1] of scale) {
      if (moment < first) return x0;
      if (moment <= last) return x0 + ((moment - first) / Math.max(last - first, 1)) * (x1 - x0);
    }
    return scale.length ? scale[scale.length - 1][3] : 0;
  };

  const point = (moment) => {
    const x = place(moment);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
  };

  const show = (number) => {
    const one = entries[number];
    if (!one) return;
    for (const other of entries) {
      other.row.removeAttribute("aria-current");
      other.dot.removeAttribute("aria-current");
      other.dot.firstElementChild.setAttribute("r", 5);
    }
    at = number;
    one.row.setAttribute("aria-current", "step");
    one.dot.setAttribute("aria-current", "step");
    one.dot.firstElementChild.setAttribute("r", 7);
    document.querySelector(".case-at").textContent = one.number;
    document.querySelector(".case-when").textContent = one.row.dataset.when;
    document.querySelector(".case-did b").textContent = one.row.querySelector(".case-title").textContent;
    stands.replaceChildren(
      ...JSON.parse(one.row.dataset.stands).map(([words, tone]) => {
        const line = document.createElement("li");
        line.className = tone;
        line.textContent = words;
        return line;
      }),
    );
  };

  // Whoever picks an entry hears what was said then, and sees how things stood.
  const pick = (number) => {
    const one = entries[Math.min(entries.length - 1, Math.max(0, number))];
    show(entries.indexOf(one));
    point(one.at);
    const seconds = (one.at - began) / 1000;
    if (audio && seconds >= 0 && seconds <= (audio.duration || 0)) audio.currentTime = seconds;
  };

  const picked = (event) => {
    const link = event.target.closest("a");
    const marked = event.target.closest("[data-mark]");
    if (!link || !marked || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    pick(entries.findIndex((one) => one.number === Number(marked.dataset.mark)));
  };
  picture.addEventListener("click", picked);
  document.querySelector(".case-list").addEventListener("click", picked);
  for (const [name, by] of [[".case-back", -1], [".case-on", 1]]) {
    document.querySelector(name).addEventListener("click", (event) => {
      event.preventDefault();
      pick(at + by);
      entries[at].row.scrollIntoView({ block: "nearest" });
    });
  }

  if (audio) {
    audio.addEventListener("timeupdate", () => {
      if (audio.paused) return;
      const moment = began + audio.currentTime * 1000;
      point(moment);
      const passed = entries.findLastIndex((one) => one.at <= moment);
      if (passed >= 0 && passed !== at) {
        show(passed);
        entries[passed].row.scrollIntoView({ block: "nearest" });
      }
    });
  }
  point(entries[at].at);
}
