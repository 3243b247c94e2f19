// The first letters of how Chinese words are read, by the browser's own order of characters.

// The first character of each letter in the order of pinyin; i, u and v begin no syllable.
const FIRST = [..."阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥扨它穵夕丫帀"];
const LETTERS = "abcdefghjklmnopqrstwxyz";
const order = new Intl.Collator("zh-CN-u-co-pinyin", { sensitivity: "accent" });

// Read otherwise than the order says, in words that an operator looks for.
const READ = { 重: "c", 会: "h", 行: "x", 区: "q", 长: "z", 曾: "z", 单: "s" };

function letter(character) {
  if (READ[character]) return READ[character];
  if (/[a-z0-9]/i.test(character)) return character.toLowerCase();
  if (!/\p{Script=Han}/u.test(character)) return "";
  let found = "";
  for (let at = 0; at < FIRST.length && order.compare(FIRST[at], character) <= 0; at++) found = LETTERS[at];
  return found;
}

export function initials(words) {
  return [...words].map(letter).join("");
}

// Whether what was typed, in letters or in characters, is in these words; the start counts more.
export function rank(words, typed) {
  const wanted = typed.toLowerCase().replace(/\s+/g, "");
  if (!wanted) return 1;
  const places = [words.toLowerCase().indexOf(wanted), initials(words).indexOf(wanted)].filter((at) => at >= 0);
  return places.length ? 2 - Math.min(...places) / 100 : 0;
}

export function found(items, typed, words) {
  return items
    .map((item) => [rank(words(item), typed), item])
    .filter(([fit]) => fit > 0)
    .sort(([one], [other]) => other - one)
    .map(([, item]) => item);
}
