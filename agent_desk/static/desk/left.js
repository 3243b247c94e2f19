// The left column: my state, who waits, whom we call, whom we owe a call, what the supervisor says, my phone.

import { choices } from "./choices.js";
import { button, fill, h, say } from "./dom.js";
import { moment } from "./format.js";
import { outbound_list } from "./outbound.js";
import { up } from "./timers.js";

const NEW_MS = 20_000;

export function left(node, { store, phone, note, act, open }) {
  const mine = h("section", { class: "mine", "aria-label": "我的状态" });
  const queue = h("section", { class: "queue", "aria-label": "排队" });
  const messages = h("section", { class: "messages", "aria-label": "消息", "aria-live": "polite" });
  const device = h("section", { class: "device", "aria-label": "话机" });
  const owed = choices({
    label: "要回的电话", empty: "没有要回的电话", key: (one) => one.callback_id,
    draw: (one) => callback(one, store), pick: (one) => take(one),
  });
  const owed_count = h("span", { class: "count" });
  const outbound = outbound_list(store, (one) => open.outbound(one.call_id));
  fill(
    node, mine, device, queue, messages, outbound.node,
    h("section", { class: "owed", "aria-label": "要回的电话" }, h("h2", {}, "要回的电话 ", owed_count), owed.node),
  );

  async function take(one) {
    if (one.mine) return act("dial", { callback_id: one.callback_id });
    return act("callback.take", { callback_id: one.callback_id });
  }

  function show_mine() {
    const { me, call, who } = store.parts;
    if (!me) return fill(mine, h("h2", {}, store.nobody), who && h("p", { class: "soft" }, who.login));
    return fill(
      mine,
      h("h2", {}, me.name, h("span", { class: "soft" }, ` ${me.number ?? ""}`)),
      h("p", { class: `my-state ${me.lost ? "bad" : me.state}` }, me.lost ? "连接中断" : (me.reason_words ?? me.state_words), " ",
        !call && up(me.since, { alarm_s: me.state === "paused" ? me.pause_limit_s : null })),
      me.wanted_words && h("p", { class: "wanted" }, me.wanted_words),
      h("p", { class: "soft" }, [
        me.state === "paused" && me.pause_limit_s ? `限 ${Math.round(me.pause_limit_s / 60)} 分钟` : null,
        me.skills.map((one) => one.label).join("、"),
      ].filter(Boolean).join(" · ")),
      h(
        "p", { class: "my-ways" },
        button(me.state === "paused" ? "换原因" : "小休", "Ctrl+Shift+P", open.pause, { class: "small" }),
        !call && button("签出", "", open.sign_out, { class: "small" }),
      ),
    );
  }

  function show_queue() {
    const now = store.parts.queue;
    if (!now) return fill(queue, h("h2", {}, "排队"), h("p", { class: "soft" }, "—"));
    return fill(
      queue,
      h("h2", {}, "排队"),
      h("dl", { class: "figures" },
        figure("在等", now.waiting, now.waiting > 0 ? "some" : ""),
        figure("最长", now.longest_since ? up(now.longest_since, { alarm_s: 120 }) : "—"),
        figure("空闲", `${now.free}/${now.signed_in}`)),
    );
  }

  function show_owed() {
    const now = store.parts.callbacks ?? { mine: [], shared: [] };
    owed.show([...now.mine.map((one) => ({ ...one, mine: true })), ...now.shared.map((one) => ({ ...one, mine: false }))]);
    say(owed_count, now.mine.length + now.shared.length ? `我 ${now.mine.length} · 公共 ${now.shared.length}` : "");
  }

  let newest = null;
  function show_messages({ whole }) {
    const all = store.parts.messages ?? [];
    messages.hidden = !all.length;
    fill(messages, h("h2", {}, "消息"),
      all.slice(0, 3).map((one) => h("p", { class: "message" }, h("b", {}, one.from), ` ${one.text} `, h("span", { class: "soft" }, moment(one.at)))));
    const [first] = all;
    if (first && !whole && first.message_id !== newest) {
      note.stand("message", `${first.from}：${first.text}`, "told");
      setTimeout(() => note.stand("message", null), NEW_MS);
    }
    newest = first?.message_id ?? null;
  }

  function show_device() {
    const { me } = store.parts;
    device.hidden = !me;
    if (!me) return;
    if (me.device !== "page") return fill(device, h("p", {}, `桌面话机 ${me.extension}`));
    const on = phone.registered;
    return fill(
      device,
      h("p", { class: "device-line" }, h("span", { class: on ? "" : "bad" }, `电脑话机 ${me.extension} ${on ? "已连上" : "没有连上"}`),
        button("换耳麦", "", open.devices, { class: "small" })),
      h("p", { class: `device-name ${phone.microphone.problem ? "bad" : "soft"}` }, phone.microphone.problem ?? (phone.microphone.label || "麦克风")),
      h("meter", { min: 0, max: 1, value: 0, id: "loudness", "aria-label": "麦克风音量" }),
    );
  }

  setInterval(() => {
    const meter = document.getElementById("loudness");
    if (meter) meter.value = Math.min(1, Math.sqrt(phone.microphone.level() ?? 0) * 1.6);
  }, 200);

  store.on(["me", "call", "who"], show_mine);
  store.on(["queue"], show_queue);
  store.on(["callbacks"], show_owed);
  store.on(["messages"], (_, detail) => show_messages(detail));
  store.on(["me"], show_device);
  phone.addEventListener("change", show_device);
  show_mine();
  show_queue();
  messages.hidden = true;
  device.hidden = true;
  return { owed, outbound };
}

function figure(label, value, tone = "") {
  return h("div", { class: tone }, h("dt", {}, label), h("dd", {}, value));
}

function callback(one, store) {
  const late = Date.parse(one.promised_for) < store.now();
  return [
    h("b", {}, one.person ?? one.number_masked ?? "号码未显示"),
    h("span", { class: late ? "bad" : "soft" }, late ? "已过 " : "", moment(one.promised_for)),
    h("span", { class: "soft" }, [
      one.person ? one.number_masked : null, one.recording_s ? `留言 ${one.recording_s} 秒` : null,
      one.tries ? `已打 ${one.tries} 次` : null, one.mine ? null : "公共",
    ].filter(Boolean).join(" · ")),
  ];
}
