// The operator's microphone: open while they are signed in, so that its faults are known before a call.

const WHY = {
  NotAllowedError: "浏览器不允许用麦克风：请在地址栏左边的图标里允许，再刷新",
  NotFoundError: "没有麦克风：请插上耳麦",
  NotReadableError: "麦克风被别的程序占用了",
  OverconstrainedError: "没有找到上次用的麦克风，请另选一个",
};

// A browser may be asking the operator whether it is allowed: the caller does not wait for that.
const ANSWER_MS = 1_500;

export class Microphone extends EventTarget {
  problem = null;
  label = "";
  ready = Promise.resolve(); // until it is open, or known not to open, but not for long
  #stream = null;
  #context = null;
  #meter = null;
  #wanted = false;

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#wanted && this.open());
  }

  // device: an id to use from now on; without it the one chosen last, else the computer's own choice.
  open(device = localStorage.getItem("desk.input")) {
    this.#wanted = true;
    const opened = this.#open(device);
    this.ready = Promise.race([opened, new Promise((done) => setTimeout(done, ANSWER_MS))]);
    return opened;
  }

  async #open(device) {
    try {
      const stream = await this.#asked(device);
      this.#stop();
      this.#stream = stream;
      const track = stream.getAudioTracks()[0];
      track.addEventListener("ended", () => stream === this.#stream && this.open());
      this.label = track.label;
      this.problem = null;
      if (device) localStorage.setItem("desk.input", device);
      this.#measure(stream);
    } catch (error) {
      this.#stop();
      this.label = "";
      this.problem = WHY[error.name] ?? "麦克风打不开";
    }
    this.dispatchEvent(new Event("change"));
  }

  async #asked(device) {
    const devices = navigator.mediaDevices;
    if (!devices) throw new DOMException("", "NotAllowedError"); // no secure context
    const sound = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    if (!device) return devices.getUserMedia({ audio: sound });
    return devices
      .getUserMedia({ audio: { ...sound, deviceId: { exact: device } } })
      .catch(() => devices.getUserMedia({ audio: sound }));
  }

  close() {
    this.#wanted = false;
    this.#stop();
    this.problem = null;
    this.label = "";
  }

  // What is sent: the microphone, or silence, with which the operator at least hears.
  stream() {
    return this.#stream ?? this.#audio().createMediaStreamDestination().stream;
  }

  // How loud it is now, 0 to 1; null without a microphone or while the browser keeps the meter asleep.
  level() {
    if (!this.#stream || this.#audio().state !== "running") return null;
    const samples = new Float32Array(this.#meter.fftSize);
    this.#meter.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
  }

  async devices() {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const named = (kind) => all.filter((one) => one.kind === kind && one.label);
    return { inputs: named("audioinput"), outputs: named("audiooutput") };
  }

  #audio() {
    this.#context ??= new AudioContext();
    if (this.#context.state === "suspended") this.#context.resume().catch(() => {});
    return this.#context;
  }

  #measure(stream) {
    const context = this.#audio();
    this.#meter = context.createAnalyser();
    this.#meter.fftSize = 2048;
    context.createMediaStreamSource(stream).connect(this.#meter);
  }

  #stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
  }
}
