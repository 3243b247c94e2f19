// Calls of ours that operators make: the list, and over it the preview of one with all that can be done.

import { choices } from "./choices.js";
import { fill, h, say } from "./dom.js";
import { day, day_of, money, moment, visit } from "./format.js";
import { down } from "./timers.js";

const SETTLES = new Set(["changed", "cancelled", "kept", "refused", "told", "hospital", "thinking", "unreached"]);

// open(one): what choosing one of the list does.
export function outbound_list(store, open) {
  const list = choices({
    label: "待办外呼", empty: "没有待办外呼", key: (one) => one.call_id,
    draw: (one) => [
      h("b", {}, one.person),
      h("span", { class: "soft" }, [one.visit && `${short(one.visit.day)} ${one.visit.time.slice(0, 5)}`, one.mine ? null : "公共"].filter(Boolean).join(" · ")),
      h("span", { class: "soft" }, [one.kind_words, one.tries.at(-1)?.words, one.offer && "留着号"].filter(Boolean).join(" · ")),
    ],
    pick: open,
  });
  const count = h("span", { class: "count" });
  const node = h("section", { class: "owed", "aria-label": "待办外呼", hidden: true }, h("h2", {}, "待办外呼 ", count), list.node);
  store.on(["outbound"], () => {
    const { mine, shared, taken } = store.parts.outbound;
    const all = every(store);
    node.hidden = !all.length && !taken;
    list.show(all);
    say(count, [`我 ${mine.length}`, `公共 ${shared.length}`, taken ? `同事 ${taken}` : null].filter(Boolean).join(" · "));
  });
  return { node, focus: list.focus, first: () => every(store)[0] };
}

// The preview in the drawer; it follows what happens to the call, and closes when it is off the list.
export function outbound(drawer, { store, act, note }, call_id) {
  const about = h("div", { class: "preview" });
  const find = () => every(store).find((one) => one.call_id === call_id);
  const list = choices({
    label: "怎么办", tall: true, key: (one) => one.code,
    draw: (one) => [h("b", {}, one.label), h("span", { class: "soft" }, one.note ?? "")],
    pick: (way) => take(way.code, find()),
  });

  async function take(code, one) {
    if (!one) return;
    if (code === "dial" && (await act("outbound.dial", { call_id }))) return drawer.close();
    if (code === "take") await act("outbound.take", { call_id });
    if (code === "back" && (await act("outbound.give-back", { call_id }))) drawer.close();
    if (code === "accept") {
      const done = await act("outbound.accept", { call_id });
      if (done) note.tell("已按保留的号改约", "good");
    }
    if (SETTLES.has(code)) await act("outbound.settle", { call_id, how: code });
    if (code === "given-up") note.ask(`${one.person} 联系不上，不再打？${one.kind === "leave-offer" ? "号会取消，费用全退" : "以后谁也不会再打"}`, "不再打", () => act("outbound.settle", { call_id, how: code }));
  }

  function show() {
    const one = find();
    if (!one) return drawer.close();
    fill(about, preview(one));
    list.show(ways(one));
  }

  const heard = ({ detail }) => detail.names.has("outbound") && show();
  store.addEventListener("parts", heard);
  drawer.open("outbound", "待办外呼", [about, list.node], list.focus, { closed: () => store.removeEventListener("parts", heard) });
  show();
}

function every(store) {
  const { mine, shared } = store.parts.outbound ?? { mine: [], shared: [] };
  return [...mine.map((one) => ({ ...one, mine: true })), ...shared.map((one) => ({ ...one, mine: false }))];
}

function short(iso) {
  return day(iso).split(" ")[0];
}

function ways(one) {
  const dial = { code: "dial", label: "拨打", note: one.number_masked };
  if (!one.mine) return [dial, { code: "take", label: "先领下来", note: "暂不拨打" }];
  return [
    dial,
    one.offer && { code: "accept", label: "接受保留的号", note: `${short(one.offer.day)} ${one.offer.time.slice(0, 5)}` },
    one.visit && { code: "changed", label: "已另改约" },
    one.visit && { code: "cancelled", label: "已取消" },
    one.kind === "reminder" && { code: "kept", label: "会来" },
    one.kind === "waiting-offer" && { code: "refused", label: "不要这个号" },
    one.kind === "leave-offer" && { code: "told", label: "已告知", note: "患者自己再决定" },
    { code: "thinking", label: "稍后再打", note: "已通话" },
    { code: "unreached", label: "没打通" },
    one.kind === "leave-offer" && { code: "hospital", label: "医院自行安置" },
    { code: "given-up", label: "联系不上，不再打" },
    { code: "back", label: "还给大家" },
  ].filter(Boolean);
}

function preview(one) {
  return [
    h("p", {}, h("b", {}, one.person), ` ${one.number_masked} `, h("span", { class: "soft" }, one.kind_words)),
    one.visit && h("p", {}, h("span", { class: "bad" }, one.visit.state_words), ` ${visit(one.visit)} ${day(one.visit.day)} ${one.visit.time}`),
    one.offer
      ? h("p", {}, h("span", { class: "good" }, "留着号"), ` ${visit(one.offer)} ${day(one.offer.day)} ${one.offer.time} ${money(one.offer.fee_fen)} `, "还有 ", down(one.offer.until, { warn_s: 600 }))
      : h("p", { class: "soft" }, "没有为他留着的号"),
    h("ol", { class: "tries", "aria-label": "打过的电话" },
      one.tries.map((each) => h("li", {}, `${day_of(each.at).split(" ")[0]} ${moment(each.at)} ${each.by} `, h("span", { class: each.tone }, each.words)))),
  ];
}
