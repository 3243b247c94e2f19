// Times, days, money and numbers as an operator reads them.

const WEEKDAYS = "日一二三四五六";
const SEX = { male: "男", female: "女" };

// 65 -> "1:05"; 3725 -> "1:02:05".
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

// An instant as hours and minutes in China, wherever the computer thinks it stands.
const hours = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

export function moment(instant) {
  return hours.format(new Date(instant));
}

// The day of an instant in China: "11月25日 周三".
export function day_of(instant) {
  return day(new Date(Date.parse(instant) + 8 * 3_600_000).toISOString().slice(0, 10));
}

// "2026-11-25" -> "11月25日 周三".
export function day(iso) {
  const [year, month, date] = iso.split("-").map(Number);
  return `${month}月${date}日 周${WEEKDAYS[new Date(Date.UTC(year, month - 1, date)).getUTCDay()]}`;
}

export function money(fen) {
  if (fen == null) return "";
  return fen % 100 ? `¥${(fen / 100).toFixed(2)}` : `¥${fen / 100}`;
}

// A serial number as it is read aloud: 2-3-3.
export function serial(number) {
  const figures = String(number);
  return [figures.slice(0, 2), figures.slice(2, 5), figures.slice(5)].filter(Boolean).join(" ");
}

export function person(one) {
  return [one.name, SEX[one.sex], one.age == null ? null : `${one.age}岁`].filter(Boolean).join(" ");
}

export function visit(one) {
  return [one.hospital, one.department, [one.doctor, one.title].filter(Boolean).join(" ")].filter(Boolean).join(" ");
}

// "19580312", "1958.3.12", "1958-03-12" -> "1958-03-12"; null when it is no day.
export function born(typed) {
  const parts = /^(\d{4})\D?(\d{1,2})\D?(\d{1,2})$/.exec(typed.trim());
  if (!parts) return null;
  const [year, month, date] = parts.slice(1).map(Number);
  const made = new Date(Date.UTC(year, month - 1, date));
  if (made.getUTCMonth() !== month - 1 || made.getUTCDate() !== date) return null;
  return made.toISOString().slice(0, 10);
}
