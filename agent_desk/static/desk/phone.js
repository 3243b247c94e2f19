// The phone in the page: JsSIP speaks to the switch; what is heard is judged by packets, not by SIP.

import { judge } from "./hearing.js";
import { Microphone } from "./microphone.js";
import { Ringer } from "./ringer.js";

const LOOK_MS = 1_000;
// The name under which the switch calls for what was asked for a moment ago (ivr/control.py).
const ASKED_FOR = "asked-for";
const RECOVER_S = { min: 1, max: 4 };
const MINE = ["talking", "holding", "consulting", "dialling"];

export class Phone extends EventTarget {
  microphone = new Microphone();
  problem = null; // words, or null
  registered = null; // null: not asked to
  muted = false;
  #store;
  #sound;
  #agent = null;
  #account = "";
  #ringing = null; // an INVITE that waits for F2
  #session = null;
  #looks = [];
  #clock = 0;
  #ringer = new Ringer();

  constructor(store, sound) {
    super();
    this.#store = store;
    this.#sound = sound;
    store.on(["me", "phone"], (parts) => this.#use(parts));
    store.on(["call"], () => this.#expect());
    store.addEventListener("state", () => this.#greet());
    store.on(["call"], (parts) => parts.call || this.muted === false || this.#mute(false));
    this.microphone.addEventListener("change", () => {
      this.#send_voice();
      this.#tell();
    });
    addEventListener("pagehide", () => this.#agent?.stop());
  }

  // What the strip shows of it.
  get view() {
    return { ringing: Boolean(this.#ringing), talking: Boolean(this.#session), muted: this.muted };
  }

  get in_page() {
    return this.registered !== null;
  }

  // The microphone may still be opening when a page that was reloaded gets its call back.
  async answer() {
    const session = this.#ringing;
    if (!session) return;
    this.#ringing = null;
    this.#ringer.stop();
    this.#tell();
    await this.microphone.ready;
    if (session.isEnded()) return;
    this.#session?.terminate(); // a leg that lost its page: the new one takes its place
    this.#session = session;
    session.answer({
      mediaStream: this.microphone.stream(),
      mediaConstraints: { audio: true, video: false },
      pcConfig: { iceServers: [] },
    });
    this.#listen(session);
    this.#tell();
  }

  mute() {
    this.#mute(!this.muted);
  }

  // The voice of the others comes out of this device from now on.
  async speak_through(device) {
    localStorage.setItem("desk.output", device);
    await this.#sound.setSinkId?.(device).catch(() => {});
  }

  async listen_with(device) {
    await this.microphone.open(device);
  }

  // Another microphone in the middle of a call, or the first one after silence.
  async #send_voice() {
    const sender = this.#session?.connection?.getSenders().find((one) => one.track?.kind === "audio");
    const [track] = this.microphone.stream().getAudioTracks();
    if (!sender || sender.track === track) return;
    await sender.replaceTrack(track);
    track.enabled = !this.muted;
  }

  // --- registering -------------------------------------------------------------------------------

  #use({ me, phone }) {
    const wanted = me?.device === "page" && phone?.user ? JSON.stringify([phone.socket_url, phone.user, phone.password]) : "";
    if (wanted === this.#account) return;
    // The switch is away, not the account: the agent that stands comes back by itself.
    if (!wanted && me?.device === "page" && phone?.switch === "down" && this.#agent) return this.#tell();
    this.#account = wanted;
    this.#agent?.stop();
    this.#agent = null;
    this.registered = null;
    if (wanted) this.#register(phone);
    else this.microphone.close();
    this.#tell();
  }

  #register({ socket_url, user, password, domain }) {
    if (typeof JsSIP === "undefined") {
      this.registered = false;
      return;
    }
    this.registered = false;
    this.microphone.open();
    this.#sound.setSinkId?.(localStorage.getItem("desk.output") ?? "").catch(() => {});
    const agent = (this.#agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(socket_url)],
      uri: `sip:${user}@${domain}`,
      password,
      register_expires: 60,
      session_timers: false,
      connection_recovery_min_interval: RECOVER_S.min,
      connection_recovery_max_interval: RECOVER_S.max,
    }));
    agent.on("registered", () => this.#is_registered(true));
    for (const gone of ["unregistered", "registrationFailed", "disconnected"]) {
      agent.on(gone, () => agent === this.#agent && this.#is_registered(false));
    }
    agent.on("newRTCSession", ({ originator, session }) => originator === "remote" && this.#invited(session));
    agent.start();
  }

  #is_registered(yes) {
    const before = this.registered;
    this.registered = yes;
    if (yes && !before) this.#greet();
    this.#tell();
  }

  // Registered anew, or the server found anew: it takes us as there, and rings if our call lacks our leg.
  #greet() {
    if (this.registered && this.#store.online && !this.#session && !this.#ringing) this.#store.ask("rejoin").catch(() => {});
  }

  // --- one call --------------------------------------------------------------------------------------

  #invited(session) {
    if (this.#ringing) return session.terminate({ status_code: 486 });
    this.#ringing = session;
    const over = () => this.#over(session);
    session.on("ended", over);
    session.on("failed", over);
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.addEventListener("track", (event) => {
        this.#sound.srcObject = event.streams[0] ?? new MediaStream([event.track]);
        this.#sound.play().catch(() => {});
      });
    });
    this.#expect();
    if (this.#ringing && session.remote_identity?.display_name === ASKED_FOR) this.answer();
    if (this.#ringing) this.#ringer.start();
    this.#tell();
  }

  // A call that is ours already, without our leg in it, is not rung for: it is answered.
  #expect() {
    const call = this.#store.parts.call;
    const mine = call && MINE.includes(call.state) && !call.leg_present;
    if (this.#ringing && mine) this.answer();
  }

  #over(session) {
    if (session === this.#ringing) {
      this.#ringing = null;
      this.#ringer.stop();
    }
    if (session === this.#session) {
      this.#session = null;
      clearInterval(this.#clock);
      this.#sound.srcObject = null;
      this.#looks = [];
      this.problem = null;
      this.muted = false;
    }
    this.#tell();
  }

  #mute(yes) {
    this.muted = yes;
    if (yes) this.#session?.mute({ audio: true });
    else this.#session?.unmute({ audio: true });
    this.#tell();
  }

  #listen(session) {
    clearInterval(this.#clock);
    this.#looks = [];
    this.#clock = setInterval(() => this.#look(session), LOOK_MS);
  }

  async #look(session) {
    const line = session.connection;
    if (!line || !session.isEstablished()) return;
    const look = { ice: line.iceConnectionState, came: 0, went: 0, level: this.microphone.level(), muted: this.muted, apart: this.#apart() };
    for (const figures of (await line.getStats()).values()) {
      if (figures.type === "inbound-rtp" && figures.kind === "audio") look.came += figures.packetsReceived;
      if (figures.type === "outbound-rtp" && figures.kind === "audio") look.went += figures.packetsSent;
    }
    if (session !== this.#session) return;
    this.#looks = [...this.#looks.slice(-14), look];
    const problem = judge(this.#looks);
    if (problem === this.problem) return;
    this.problem = problem;
    this.#tell();
  }

  #apart() {
    const call = this.#store.parts.call;
    return !call || call.state === "holding" || (call.state === "talking" && !call.leg_present);
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
