"""What somebody with tired eyes, or without a mouse, would trip over in an open page."""

from playwright.async_api import Page

# Small print, faint print, controls without a name, ids that are there twice, a page wider than its window.
_LOOK = """() => {
  const faults = [];
  const shown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const text = words.currentNode.textContent.trim();
    const e = words.currentNode.parentElement;
    const box = e.getBoundingClientRect();
    if (!text || !shown(e) || box.width < 2 || e.closest("script, style, .skip, .unseen")) continue;
    const style = getComputedStyle(e);
    if (parseFloat(style.fontSize) < 15.9) faults.push(`small: ${text.slice(0, 20)} ${style.fontSize}`);
    const [one, two] = [light(numbers(style.color)), light(ground(e))].sort((a, b) => b - a);
    if ((one + 0.05) / (two + 0.05) < 4.5) faults.push(`faint: ${text.slice(0, 20)}`);
  }
  for (const e of document.querySelectorAll("a, button, input:not([type=hidden]), textarea, select")) {
    const label = e.getAttribute("aria-label") || e.labels?.[0]?.textContent || e.textContent;
    if (!label?.trim()) faults.push(`nameless: ${e.outerHTML.slice(0, 80)}`);
    const box = e.getBoundingClientRect();
    if (e.matches(".hear, button") && shown(e) && box.height < 40) faults.push(`hard to hit: ${label.trim()}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  faults.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `twice: ${id}`));
  for (const e of document.querySelectorAll("[aria-labelledby], [aria-describedby]")) {
    const id = e.getAttribute("aria-labelledby") ?? e.getAttribute("aria-describedby");
    if (!document.getElementById(id)) faults.push(`no such label: ${id}`);
  }
  let level = 0;
  for (const e of document.querySelectorAll("h1, h2, h3")) {
    if (Number(e.tagName[1]) > level + 1) faults.push(`heading out of order: ${e.textContent}`);
    level = Number(e.tagName[1]);
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("wider than its window");
  return faults;
}"""


async def faults(page: Page) -> list[str]:
    found: list[str] = await page.evaluate(_LOOK)
    return found
