// The player of one recording: sides, speed, keys, and where we are in the picture of the sound.
const player = document.querySelector(".rec-player");
if (player) {
  const audio = player.querySelector("audio");
  const waves = [...player.querySelectorAll(".rec-wave")];
  const seconds = () => audio.duration || Number(player.dataset.seconds) || 1;

  const show = () => {
    for (const wave of waves) {
      const x = (audio.currentTime / seconds()) * wave.viewBox.baseVal.width;
      const line = wave.querySelector(".rec-now");
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
    }
  };
  audio.addEventListener("timeupdate", show);
  audio.addEventListener("seeked", show);

  for (const side of player.querySelectorAll("[name=side]")) {
    side.addEventListener("change", () => {
      const [at, playing, rate] = [audio.currentTime, !audio.paused, audio.playbackRate];
      for (const wave of waves) wave.hidden = wave.dataset.side !== side.value;
      audio.src = side.dataset.sound;
      audio.addEventListener("loadedmetadata", () => {
        audio.currentTime = at;
        audio.playbackRate = rate;
        if (playing) audio.play();
      }, { once: true });
    });
  }
  player.querySelector(".rec-speed").addEventListener("change", (event) => {
    audio.playbackRate = Number(event.target.value);
  });
  for (const wave of waves) {
    wave.addEventListener("click", (event) => {
      const box = wave.getBoundingClientRect();
      audio.currentTime = ((event.clientX - box.left) / box.width) * seconds();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.target.closest("input, select, textarea, button, audio, a")) return;
    const step = { ArrowLeft: -5, ArrowRight: 5 }[event.key];
    if (step) audio.currentTime = Math.min(seconds(), Math.max(0, audio.currentTime + step));
    else if (event.key === " ") audio.paused ? audio.play() : audio.pause();
    else return;
    event.preventDefault();
  });
}
