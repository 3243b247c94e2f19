// The phone in the page: JsSIP speaks to the switch; what is heard is judged by packets, not by SIP.

import { judge } from "./hearing.js";
import { Microphone } from "./microphone.js";
import { Ringer } from "./ringer.js";

const LOOK_MS = 1_000;
// The name under which the switch calls for what was asked for a moment ago (ivr/control.py).
const ASKED_FOR = "asked-for";
const RECOVER_S = { min: 1, max: 4 };
// A switch that is there answers a registration in a fraction of this.
const REGISTER_MS = 3_000;
// The call that was muted here; kept for a page that is loaded anew.
const MUTED = "desk.muted";
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
  #wanted = null; // the ringing interaction for which F2 was pressed, perhaps before it rang here
  #session = null;
  #looks = [];
  #clock = 0;
  #ringer = new Ringer();
  #patience = 0;

  constructor(store, sound) {
    super();
    this.#store = store;
    this.#sound = sound;
    store.on(["me", "phone"], (parts, { names }) => this.#use(parts, names));
    store.on(["call"], ({ call }) => {
      this.#recall(call);
      if (!this.#rings_for(this.#wanted)) this.#wanted = null;
      this.#expect();
    });
    store.addEventListener("state", () => this.#follow());
    this.microphone.addEventListener("change", () => {
      if (this.#account) this.#send_voice();
      else this.microphone.close(); // it was still opening when the phone was given up
      this.#tell();
    });
    addEventListener("pagehide", () => this.#agent?.stop());
  }

  // What the strip shows of it.
  get view() {
    return { wanted: this.#wanted !== null, talking: Boolean(this.#session), muted: this.muted };
  }

  get in_page() {
    return this.registered !== null;
  }

  // The server may have said that it rings before it does here, as when the page was just reloaded: the key
  // counts for that call. The microphone may still be opening when such a page gets its call back.
  async answer() {
    const session = this.#ringing;
    this.#want();
    if (!session) return;
    this.#ringing = null;
    this.#ringer.stop();
    this.#tell();
    await this.microphone.ready;
    if (session.isEnded()) return;
    this.#session?.terminate(); // a leg that lost its page: the new one takes its place
    this.#session = session;
    this.#hush();
    session.answer({
      mediaStream: this.microphone.stream(),
      mediaConstraints: { audio: true, video: false },
      pcConfig: { iceServers: [] },
    });
    if (this.muted) session.mute({ audio: true });
    this.#listen(session);
    this.#tell();
  }

  mute() {
    const call = this.#store.parts.call;
    if (!this.muted && call) sessionStorage.setItem(MUTED, call.interaction_id);
    else sessionStorage.removeItem(MUTED);
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
    this.#hush();
    if (sender && sender.track !== track) await sender.replaceTrack(track);
  }

  // --- registering -------------------------------------------------------------------------------

  #use({ me, phone }, names) {
    const wanted = me?.device === "page" && phone?.user ? JSON.stringify([phone.socket_url, phone.user, phone.password]) : "";
    // Told again of the same account: another page may have registered in our place since (floor.py).
    if (wanted && wanted === this.#account && names.has("phone") && this.registered) this.#agent.register();
    if (wanted === this.#account) return;
    // The switch is away, not the account: the agent that stands comes back by itself.
    if (!wanted && me?.device === "page" && phone?.switch === "down" && this.#agent) return this.#tell();
    this.#leave();
    this.#account = wanted;
    if (wanted) this.#register(phone);
    else this.microphone.close();
    this.#tell();
  }

  // What rings or talks here ends with the agent.
  #leave() {
    const agent = this.#agent;
    this.#agent = null;
    this.#account = "";
    this.registered = this.#wanted = null;
    agent?.stop();
    for (const session of [this.#ringing, this.#session]) if (session) this.#over(session);
  }

  // The switch keeps one phone for each account: one that goes on registering here, where nobody is any
  // more, puts out the phone of the page that has the desk now.
  #follow() {
    if (["elsewhere", "ended"].includes(this.#store.state)) {
      this.#leave();
      this.microphone.close();
      this.#tell();
    }
    this.#ask_first();
    this.#greet();
  }

  // The whole network is gone, not the switch alone: whose desk it is now is heard before the phone
  // registers again. While a call has sound nothing is touched.
  #ask_first() {
    if (!this.#agent || this.#agent.isConnected() || this.#store.online || this.#session) return;
    this.#leave();
    this.registered = false;
    this.#tell();
  }

  #register(phone) {
    this.registered = false;
    if (typeof JsSIP === "undefined") return;
    this.microphone.open();
    this.#sound.setSinkId?.(localStorage.getItem("desk.output") ?? "").catch(() => {});
    this.#connect(phone);
  }

  #connect({ socket_url, user, password, domain }) {
    const agent = (this.#agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(socket_url)],
      uri: `sip:${user}@${domain}`,
      password,
      register_expires: 60,
      session_timers: false,
      connection_recovery_min_interval: RECOVER_S.min,
      connection_recovery_max_interval: RECOVER_S.max,
    }));
    agent.on("registered", () => agent === this.#agent && this.#is_registered(true));
    for (const gone of ["unregistered", "registrationFailed", "disconnected"]) {
      agent.on(gone, () => agent === this.#agent && this.#is_registered(false));
    }
    for (const open of ["connected", "registrationFailed"]) agent.on(open, () => this.#insist(agent));
    agent.on("newRTCSession", ({ originator, session }) => originator === "remote" && this.#invited(session, agent));
    agent.start();
    this.#insist(agent);
  }

  // A switch that has just come up may refuse a phone, or leave it, or even its line, without an answer; JsSIP
  // would then wait half a minute, or for good.
  #insist(agent) {
    if (agent !== this.#agent) return;
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      const { phone } = this.#store.parts;
      if (agent !== this.#agent || this.registered || this.#session || !phone?.user) return;
      this.#agent = null;
      agent.stop();
      this.#connect(phone);
    }, REGISTER_MS);
  }

  #is_registered(yes) {
    const before = this.registered;
    this.registered = yes;
    if (yes && !before) this.#greet();
    this.#tell();
    if (!yes) this.#ask_first();
  }

  // Registered anew, or the server found anew: it takes us as there, and rings if our call lacks our leg.
  #greet() {
    if (this.registered && this.#store.online && !this.#session && !this.#ringing) this.#store.ask("rejoin").catch(() => {});
  }

  // --- one call --------------------------------------------------------------------------------------

  #invited(session, agent) {
    if (this.#ringing || agent !== this.#agent) return session.terminate({ status_code: 486 });
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
    if (this.#ringing && this.#store.online && session.remote_identity?.display_name === ASKED_FOR) this.answer();
    if (this.#ringing) this.#ringer.start();
    this.#tell();
  }

  // A call that is ours already, without our leg in it, is not rung for: it is answered, as is one for which
  // F2 was pressed. Without the server nobody knows whether it still is.
  #expect() {
    const call = this.#store.parts.call;
    const mine = call && MINE.includes(call.state) && !call.leg_present;
    if (this.#ringing && (mine || this.#rings_for(this.#wanted)) && this.#store.online) this.answer();
  }

  #want() {
    const call = this.#store.parts.call;
    if (this.in_page && call?.state === "ringing") this.#wanted = call.interaction_id;
    this.#tell();
  }

  #rings_for(interaction) {
    const call = this.#store.parts.call;
    return interaction !== null && call?.state === "ringing" && call.interaction_id === interaction;
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
    }
    this.#tell();
    this.#ask_first();
  }

  // Muted is the call, not its leg, which may break and come back, with its page or without. Who has just
  // answered may have muted before the server has said that they talk.
  #recall(call) {
    const mine = call && (MINE.includes(call.state) || (call.state === "ringing" && this.#session));
    const muted = Boolean(mine) && sessionStorage.getItem(MUTED) === String(call.interaction_id);
    if (!muted) sessionStorage.removeItem(MUTED);
    if (muted !== this.muted) this.#mute(muted);
  }

  #mute(yes) {
    this.muted = yes;
    this.#hush();
    if (yes) this.#session?.mute({ audio: true });
    else this.#session?.unmute({ audio: true });
    this.#tell();
  }

  // By the track itself, before any of it is sent: a leg that comes back is never open for a moment.
  #hush() {
    for (const track of this.microphone.stream().getAudioTracks()) track.enabled = !this.muted;
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
