// Plays sounds in the page: one at a time, and says in words why there is none.

const trouble = document.getElementById("trouble");
const player = document.body.appendChild(new Audio());
let playing = null; // the control whose sound is fetched or heard
let fetching = null;

function say(words) {
  trouble.textContent = words;
  trouble.hidden = !words;
}

function show(control, state) {
  control.classList.toggle("on", Boolean(state));
  control.setAttribute("aria-pressed", String(Boolean(state)));
  // What is its own text keeps it: the buttons beside it would jump.
  if (!("keep" in control.dataset)) control.querySelector(".do").textContent = state || control.dataset.words;
}

function stop() {
  fetching?.abort();
  player.pause();
  if (player.src) URL.revokeObjectURL(player.src);
  player.removeAttribute("src");
  if (playing) show(playing, "");
  playing = null;
}

// A link has an address; a button in a form adds what stands in its field.
function address(control) {
  if (control.href) return control.href;
  const url = new URL(control.formAction);
  const pinyin = control.form.elements.namedItem("pinyin");
  if (pinyin) url.searchParams.set("pinyin", pinyin.value);
  if (control.name) url.searchParams.set(control.name, control.value);
  return url.href;
}

async function play(control) {
  stop();
  say("");
  playing = control;
  show(control, "正在取…");
  fetching = new AbortController();
  try {
    const answer = await fetch(address(control), {
      headers: { Accept: "audio/wav, application/json" },
      signal: fetching.signal,
    });
    if (playing !== control) return;
    if (!answer.ok) throw new Error((await answer.json()).words);
    player.src = URL.createObjectURL(await answer.blob());
    show(control, "停");
    await player.play();
  } catch (error) {
    if (playing !== control) return; // another one was chosen meanwhile
    stop();
    say(/[\u4e00-\u9fff]/.test(error.message) ? error.message : "没有取到声音：连不上服务器，请稍后再点一次。");
  }
}

player.addEventListener("ended", stop);
// The address itself opens the sound without us; with us it is a button.
for (const link of document.querySelectorAll("a.hear")) link.setAttribute("role", "button");
document.addEventListener("click", (event) => {
  const control = event.target.closest(".hear");
  if (!control || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (control === playing) stop();
  else play(control);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
  if (event.key !== " " || !event.target.matches("a.hear")) return;
  event.preventDefault();
  event.target.click();
});
