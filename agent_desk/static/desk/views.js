// What stands in the middle without a call: signing in, and waiting for the next caller.

import { choices } from "./choices.js";
import { h, say } from "./dom.js";

const DEVICES = [
  { code: "page", label: "电脑话机", note: "耳麦插在这台电脑上" },
  { code: "phone", label: "桌面话机", note: "用桌上的电话接听，按钮照常" },
];

export function sign_in({ act }) {
  const list = choices({
    label: "用哪部电话", tall: true,
    draw: (one) => [h("b", {}, one.label), h("span", { class: "soft" }, one.note)],
    pick: (one) => act("sign-in", { device: one.code }),
  });
  list.show(DEVICES);
  const node = h(
    "section", { class: "sign-in", "aria-label": "签入" },
    h("h1", {}, "签入"), h("p", {}, "今天用哪部电话？按数字选。"), list.node,
  );
  return { node, show: (yes) => (node.hidden = !yes), focus: list.focus };
}

const AWAY = {
  "signed-in": "签入完成。准备好了，按 F2 就绪。",
  missed: "刚才的来电没有接到，先停在这里。按 F2 就绪。",
  lost: "连接断过，先停在这里。按 F2 就绪。",
};

export function idle({ store }) {
  const words = h("p", { class: "idle-words" });
  const node = h(
    "section", { class: "idle", "aria-label": "等待", tabIndex: -1 },
    words,
  );
  function show(yes) {
    node.hidden = !yes;
    const { me } = store.parts;
    if (!yes) return;
    say(words, me.state === "ready" ? "空闲，等待来电" : (AWAY[me.reason] ?? `${me.reason_words ?? "小休"}中。回来按 F2 就绪。`));
  }
  return { node, show, focus: () => node.focus({ preventScroll: true }) };
}
