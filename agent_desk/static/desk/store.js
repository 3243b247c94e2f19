// What the server says of this desk, part by part, and the commands to it; lives through lost sockets.

const SILENT_MS = 12_000; // the server pings every 5 s; a socket that says nothing for so long is dead
const ANSWER_MS = 8_000;
const STALE_MS = 5_000; // what was pressed longer ago than this is not done behind the operator's back
const AGAIN_MS = [150, 400, 1_000, 2_000, 4_000];

export class Refused extends Error {
  constructor({ code, words, facts }) {
    super(words);
    this.code = code;
    this.facts = facts ?? {};
  }
}

export const LOST = { code: "lost", words: "连接中断，这一步没有办成。连上以后请再按一次。" };
const SLOW = { code: "slow", words: "服务器没有回答，请看一下结果，再决定要不要重按。" };

export class Store extends EventTarget {
  parts = {};
  state = "connecting"; // "connecting" | "online" | "lost" | "elsewhere" | "ended"
  #url;
  #socket = null;
  #asked = new Map(); // id -> {message, at, done, failed}
  #next = 1;
  #tries = 0;
  #ahead = 0; // ms by which the server's clock is ahead of ours
  #silence = 0;

  constructor(path) {
    super();
    const page = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(36)).join("");
    addEventListener("online", () => this.state === "lost" && this.open());
    this.#url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}?page=${page}`;
  }

  get online() {
    return this.state === "online";
  }

  // Before the server has said who is signed in, nobody is told that they are not.
  get nobody() {
    return "me" in this.parts ? "未签入" : "正在连接";
  }

  now() {
    return Date.now() + this.#ahead;
  }

  // Calls back with each new value of any of these parts, and now.
  on(names, act) {
    this.addEventListener("parts", (event) => {
      if (names.some((name) => event.detail.names.has(name))) act(this.parts, event.detail);
    });
  }

  open() {
    clearTimeout(this.again);
    const socket = (this.#socket = new WebSocket(this.#url));
    this.#hear();
    socket.onmessage = (event) => socket === this.#socket && this.#take(JSON.parse(event.data));
    socket.onclose = () => socket === this.#socket && this.#gone();
  }

  busy(what) {
    return [...this.#asked.values()].some(({ message }) => message.do === what);
  }

  // A command; resolves with what the server gave, rejects with Refused.
  ask(what, facts = {}) {
    const message = { id: this.#next++, do: what, with: facts };
    if (!this.online) return Promise.reject(new Refused(LOST));
    return new Promise((done, failed) => {
      const asked = { message, at: Date.now(), done, failed };
      asked.patience = setTimeout(() => this.#answer(message.id, { no: SLOW }), ANSWER_MS);
      this.#asked.set(message.id, asked);
      this.#send(message);
      this.#tell("asked", what);
    });
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell("state", state);
  }

  #hear() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#gone(), SILENT_MS);
  }

  #take(message) {
    this.#hear();
    const now = message.now ?? message.ping;
    if (now) this.#ahead = Date.parse(now) - Date.now();
    if ("ping" in message) this.#send({ pong: message.ping });
    else if ("re" in message) this.#answer(message.re, message);
    else if ("bye" in message) this.#bye(message.bye);
    else if ("snapshot" in message) this.#snapshot(message.snapshot);
    else if ("changed" in message) this.#change(message.changed, false);
  }

  #snapshot(parts) {
    const unanswered = [...this.#asked.values()];
    this.#tries = 0;
    this.#become("online");
    this.#change(parts, true);
    for (const { message, at, patience } of unanswered) {
      if (Date.now() - at < STALE_MS) this.#send(message);
      else {
        clearTimeout(patience);
        this.#answer(message.id, { no: LOST });
      }
    }
  }

  #change(changed, whole) {
    const before = this.parts;
    this.parts = { ...before, ...changed };
    this.#tell("parts", { names: new Set(Object.keys(changed)), before, whole });
  }

  #answer(id, { ok, no }) {
    const asked = this.#asked.get(id);
    if (!asked) return;
    clearTimeout(asked.patience);
    this.#asked.delete(id);
    if (no) asked.failed(new Refused(no));
    else asked.done(ok);
    this.#tell("answered", asked.message.do);
  }

  #bye(why) {
    if (why === "restarting") return;
    this.#become(why === "elsewhere" ? "elsewhere" : "ended");
    this.#drop();
    if (why === "signed-out") location.assign("/login");
  }

  #drop() {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #gone() {
    this.#drop();
    this.#become("lost");
    const wait = AGAIN_MS[Math.min(this.#tries++, AGAIN_MS.length - 1)];
    this.again = setTimeout(() => this.open(), wait);
    if (this.#tries === AGAIN_MS.length) this.#whether_signed_in();
  }

  // A socket that is refused does not say why; the page itself does.
  async #whether_signed_in() {
    const answer = await fetch("/desk/", { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (answer?.redirected) location.assign(answer.url);
  }
}
