// The phone in the page: JsSIP speaks to the switch, the browser carries the sound.

const CONNECT_MS = 5000;
const FIRST_SOUND_MS = 4000;
const TONE = { transportType: "RFC2833", duration: 120, interToneGap: 80 };
const KEYS = "0123456789*#";

const at = (id) => document.getElementById(id);
const panel = at("phone");
const line = JSON.parse(panel.dataset.line);
const state = at("phone-state");
const warning = at("phone-warning");
const sound = at("sound");

const WHY_NOT = {
  "Busy": "线路忙，请稍后再拨",
  "Rejected": "交换机没有接这个电话",
  "Unavailable": "现在没有人接听",
  "Not Found": "这个号码不通",
  "Authentication Error": "交换机不认识这部电话，请刷新页面再试",
  "Connection Error": "连不上电话交换机",
  "Request Timeout": "交换机没有回答",
  "Incompatible SDP": "浏览器和交换机的声音格式不一致",
  "WebRTC Error": "浏览器不能建立通话",
};

let agent = null; // the JsSIP user agent, made at the first call
let call = null; // the call that goes on, with its clock and its sound

// --- what is seen ---------------------------------------------------------------------------

function say(words) {
  if (state.textContent !== words) state.textContent = words;
}

function warn(words) {
  warning.textContent = words;
  warning.hidden = !words;
}

function show_calling(going_on) {
  document.body.dataset.calling = going_on ? "yes" : "";
  at("dial").hidden = going_on;
  at("hang-up").hidden = !going_on;
  for (const id of ["caller", "typed", "number", "microphone"]) {
    if (at(id)) at(id).disabled = going_on;
  }
}

function show_time() {
  const seconds = Math.floor((performance.now() - call.answered) / 1000);
  at("phone-timer").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// --- the sound --------------------------------------------------------------------------------

// A track of silence: the call works without a microphone, and keys still travel in its sound.
function silence() {
  const context = new AudioContext();
  context.resume();
  return { stream: context.createMediaStreamDestination().stream, end: () => context.close() };
}

async function voice() {
  if (!at("microphone").checked) return silence();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    return { stream, end: () => stream.getTracks().forEach((track) => track.stop()) };
  } catch {
    warn("没有用上麦克风：您可以听、可以按键，但对方听不到您说话。");
    return silence();
  }
}

async function packets_heard(connection) {
  let packets = 0;
  for (const figures of (await connection.getStats()).values()) {
    if (figures.type === "inbound-rtp" && figures.kind === "audio") packets += figures.packetsReceived;
  }
  return packets;
}

// "Answered" in SIP says nothing about the sound; packets do. Later silence is no fault: the switch
// sends nothing while it waits for keys. So only a call that never brought a packet is called mute.
async function watch(mine) {
  if (mine !== call || !mine.answered) return;
  show_time();
  const connection = mine.session.connection;
  if (!mine.heard) mine.heard = (await packets_heard(connection)) > 0;
  if (mine !== call) return;
  const waited = performance.now() - mine.answered > FIRST_SOUND_MS;
  const broken = ["failed", "disconnected"].includes(connection.iceConnectionState);
  if (broken || (waited && !mine.heard)) {
    say("已接通，但没有声音");
    warn("声音过不来：多半是网络挡住了语音。请挂断重拨，或换一个网络。");
    mine.mute = true;
  } else if (mine.mute) {
    say("正在通话");
    warn("");
    mine.mute = false;
  }
}

// --- one call -----------------------------------------------------------------------------------

function connected() {
  return new Promise((resolve, reject) => {
    if (agent?.isConnected()) return resolve();
    agent?.stop();
    const made = (agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(line.socket_url)],
      uri: `sip:${line.user}@${line.domain}`,
      password: line.password,
      register: false,
      session_timers: false,
    }));
    const give_up = () => {
      clearTimeout(patience);
      made.stop(); // else it tries again for ever, behind the visitor's back
      reject(new Error("Connection Error"));
    };
    const patience = setTimeout(give_up, CONNECT_MS);
    made.once("disconnected", give_up);
    made.once("connected", () => {
      clearTimeout(patience);
      made.off("disconnected", give_up);
      resolve();
    });
    made.start();
  });
}

// The headers that say whom the visitor plays; null when no number was typed.
function played() {
  if (at("caller").value === "withheld") return [];
  const number = (at("caller").value || at("typed").value).replace(/[\s-]/g, "").replace(/^(\+|00)86/, "");
  return /^\d{3,15}$/.test(number) ? [`X-Demo-Caller: ${number}`] : null;
}

async function dial() {
  const from = played();
  if (call) return;
  if (!from) {
    warn("请输入来电号码，只用数字。");
    at("typed").focus();
    return;
  }
  const mine = (call = { answered: 0, heard: false, mute: false, voice: null, session: null });
  warn("");
  at("phone-keys").textContent = "";
  at("phone-timer").textContent = "";
  show_calling(true);
  at("hang-up").focus();
  say("正在连接…");
  try {
    mine.voice = await voice();
    await connected();
    if (mine !== call) return mine.voice.end(); // hung up meanwhile
    start(mine, from);
  } catch (error) {
    over(mine, WHY_NOT[error.message] ?? "没有打通");
  }
}

function start(mine, from) {
  const number = at("number")?.value ?? line.numbers[0];
  mine.session = agent.call(`sip:${number}@${line.domain}`, {
    mediaStream: mine.voice.stream,
    mediaConstraints: { audio: true, video: false },
    extraHeaders: from,
    pcConfig: { iceServers: [] },
    eventHandlers: {
      progress: () => say("对方振铃…"),
      accepted: () => {
        mine.answered = performance.now();
        mine.clock = setInterval(watch, 1000, mine);
        say("正在通话");
      },
      ended: (event) => over(mine, event.originator === "local" ? "您已挂断" : "通话结束"),
      failed: (event) => over(mine, event.cause === "Canceled" ? "您已挂断" : WHY_NOT[event.cause] ?? "没有打通"),
    },
  });
  mine.session.connection.addEventListener("track", (event) => {
    sound.srcObject = event.streams[0] ?? new MediaStream([event.track]);
    sound.play().catch(() => warn("浏览器不让播放声音：请在网页上点一下。"));
  });
}

function hang_up() {
  if (!call) return;
  if (call.session) call.session.terminate();
  else over(call, "您已挂断");
}

function over(mine, words) {
  if (mine !== call) return;
  call = null;
  clearInterval(mine.clock);
  mine.voice?.end();
  sound.srcObject = null;
  at("phone-keys").textContent = "";
  warn("");
  say(words);
  const had_focus = document.activeElement === at("hang-up");
  show_calling(false);
  if (had_focus) at("dial").focus();
}

// --- keys -----------------------------------------------------------------------------------------

function press(key) {
  const button = panel.querySelector(`[data-key="${CSS.escape(key)}"]`);
  button.classList.add("down");
  setTimeout(() => button.classList.remove("down"), 150);
  if (!call?.answered) {
    if (!call) say("先拨打，接通以后再按键");
    return;
  }
  call.session.sendDTMF(key, TONE);
  at("phone-keys").textContent += key;
}

at("keypad").addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]")?.dataset.key;
  if (key) press(key);
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) return;
  if (!KEYS.includes(event.key)) return;
  event.preventDefault();
  press(event.key);
});

function show_typed() {
  at("typed-field").hidden = at("caller").value !== "";
}

show_typed(); // a reloaded page keeps what was chosen
at("caller").addEventListener("change", () => {
  show_typed();
  if (!at("caller").value) at("typed").focus();
});
at("dial").addEventListener("click", dial);
at("hang-up").addEventListener("click", hang_up);
addEventListener("pagehide", hang_up);

say("请选择来电人，再按“拨打”");
if (typeof JsSIP === "undefined") {
  at("dial").disabled = true;
  say("网页电话的部件没有装好");
  warn("请运行 bin/setup 再刷新；别的打法不受影响。");
}
