// The wizard is complete without this: it lets the clock tick, sends each form once, and prints.

const SAID = [300, 180, 120, 60, 30, 10];

// Seconds are counted from when the page came, so that a wrong clock of the visitor's does no harm.
for (const kept of document.querySelectorAll("[data-left]")) {
  const began = performance.now();
  const whole = Number(kept.dataset.left);
  const clock = kept.querySelector("[data-clock]");
  const told = kept.querySelector("[data-told]");
  let before = whole + 1;
  const tick = () => {
    const left = Math.max(0, Math.round(whole - (performance.now() - began) / 1000));
    if (left === 0) {
      kept.textContent = kept.dataset.over;
      kept.setAttribute("role", "status");
      clearInterval(ticking);
      return;
    }
    clock.textContent = `，还剩 ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    // A screen reader hears a few of them, and never amid a sentence.
    const now = SAID.find((one) => left <= one && before > one);
    if (now) told.textContent = now >= 60 ? `还剩 ${now / 60} 分钟` : `还剩 ${now} 秒`;
    before = left;
  };
  const ticking = setInterval(tick, 1000);
  tick();
}

for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    form.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    sent = false;
    form.removeAttribute("aria-busy");
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
