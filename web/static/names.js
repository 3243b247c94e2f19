// Shows a typed reading with its tone marks: zeng1 becomes zēng.

const MARKS = { a: "āáǎà", e: "ēéěè", i: "īíǐì", o: "ōóǒò", u: "ūúǔù", "ü": "ǖǘǚǜ" };

// The mark stands on a or e, on the o of ou, else on the last vowel.
function marked(syllable) {
  const [, letters, tone] = /^([a-zü]+)([0-5])$/.exec(syllable) ?? [null, syllable, "5"];
  if (!"1234".includes(tone)) return letters;
  const vowel = /a|e/.exec(letters)?.[0] ?? (letters.includes("ou") ? "o" : /[iouü](?=[^aeiouü]*$)/.exec(letters)?.[0]);
  return vowel ? letters.replace(new RegExp(`${vowel}(?!.*${vowel})`), MARKS[vowel][tone - 1]) : letters;
}

for (const field of document.querySelectorAll('input[name="pinyin"]')) {
  const shown = field.closest(".name").querySelector("[data-marked]");
  const chip = shown.nextElementSibling;
  const before = { marked: shown.textContent, chip: chip.textContent, good: chip.classList.contains("good"), typed: field.defaultValue };
  field.addEventListener("input", () => {
    const typed = (field.value.trim() || field.placeholder).toLowerCase().replaceAll("u:", "ü").replaceAll("v", "ü");
    const same = field.value === before.typed;
    shown.textContent = same ? before.marked : typed.split(/[\s,;.，、'-]+/).map(marked).join(" ");
    chip.textContent = same ? before.chip : "还没有保存";
    chip.classList.toggle("good", same && before.good);
    chip.classList.toggle("wait", !same);
  });
}
for (const kind of document.querySelectorAll('input[name="what"]')) {
  kind.addEventListener("change", () => kind.form.submit());
}
