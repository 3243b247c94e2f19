// Whether both can hear each other, judged from what was counted each second; nothing but figures.

const STILL_S = 3;
const SILENT_S = 12;
// A microphone that works is never digitally silent: the room itself is louder than this.
const FAINT = 0.0003;

// looks: one a second, oldest first: {ice, came, went, level, muted, apart}; level is null without a
// microphone; apart: the leg stands aside (the caller is on hold), where nothing need be heard.
// Returns the words of what is wrong, the worst first, or null.
export function judge(looks) {
  const last = looks.at(-1);
  if (!last) return null;
  if (["failed", "disconnected", "closed"].includes(last.ice)) return "听不到对方：网络断了声音，正在恢复";
  const still = looks.slice(-STILL_S - 1);
  if (still.length > STILL_S) {
    if (still.every((look) => !look.apart && look.came === still[0].came)) return "听不到对方：没有声音传过来";
    if (still.every((look) => !look.apart && look.went === still[0].went)) return "对方听不到您：没有声音传出去";
  }
  const said = looks.slice(-SILENT_S);
  if (said.length === SILENT_S && said.every((look) => !look.muted && look.level !== null && look.level < FAINT)) {
    return "麦克风没有声音：请看耳麦上的静音键和插头";
  }
  return null;
}
