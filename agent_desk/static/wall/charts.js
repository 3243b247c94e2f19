// Draws the day from its table, so that the picture and the figures cannot differ.

/* global echarts */

const INK = "#16211d", SOFT = "#4d5a54", RULE = "#d3dcd7", ACCENT = "#0b5d4a", PALE = "#9cc4b6", BAD = "#a3221a";
const TARGET = 80;
const charts = new Map();

function table() {
  return [...document.querySelectorAll("#day-table tbody tr")].map((row) => {
    const [offered, answered, abandoned, level, most] = [...row.querySelectorAll("td")];
    return {
      time: row.querySelector("th").textContent,
      offered: Number(offered.textContent), answered: Number(answered.textContent),
      abandoned: Number(abandoned.textContent), most: Number(most.textContent),
      level: level.dataset.share === "" ? null : Math.round(Number(level.dataset.share) * 1000) / 10,
    };
  });
}

function chart(id) {
  if (!charts.has(id)) charts.set(id, echarts.init(document.getElementById(id), null, { renderer: "svg" }));
  return charts.get(id);
}

const text = { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 16, color: SOFT };
const axis = { axisLine: { lineStyle: { color: RULE } }, axisTick: { show: false }, axisLabel: text };
const value = (name, more = {}) => ({
  type: "value", name, nameTextStyle: { ...text, align: "left" }, splitLine: { lineStyle: { color: RULE } }, axisLabel: text,
  minInterval: 1, ...more,
});
const common = {
  animation: false, textStyle: text,
  tooltip: { trigger: "axis", renderMode: "richText", textStyle: { ...text, color: INK } },
  legend: { top: 0, right: 0, textStyle: text, itemWidth: 18, itemHeight: 10 },
  grid: { left: 8, right: 8, top: 44, bottom: 4, containLabel: true },
};

export function draw() {
  const rows = table();
  const place = document.querySelector(".charts");
  if (!place || typeof echarts === "undefined") return;
  place.hidden = rows.length === 0;
  if (rows.length === 0) return;
  const times = { ...axis, type: "category", data: rows.map((row) => row.time) };
  chart("chart-calls").setOption({
    ...common,
    xAxis: times,
    yAxis: [
      value("个", { nameTextStyle: text }),
      value("", { min: 0, max: 100, interval: 50, splitLine: { show: false }, axisLabel: { ...text, formatter: "{value}%" } }),
    ],
    series: [
      { name: "接听", type: "bar", stack: "calls", data: rows.map((row) => row.answered), color: ACCENT, barMaxWidth: 26 },
      { name: "放弃", type: "bar", stack: "calls", data: rows.map((row) => row.abandoned), color: "#c3cfc9", barMaxWidth: 26 },
      { name: "其他", type: "bar", stack: "calls", color: "#e4ebe8", barMaxWidth: 26,
        data: rows.map((row) => row.offered - row.answered - row.abandoned) },
      { name: "15秒接通率", type: "line", yAxisIndex: 1, data: rows.map((row) => row.level), color: INK,
        symbol: "circle", symbolSize: 6, lineStyle: { width: 2 }, connectNulls: false,
        itemStyle: { color: (point) => (point.value < TARGET ? BAD : INK) },
        markLine: { silent: true, symbol: "none", data: [{ yAxis: TARGET }], lineStyle: { color: SOFT, type: "dashed" },
          label: { formatter: "目标80%", position: "insideStartTop", ...text } } },
    ],
  });
  chart("chart-waiting").setOption({
    ...common,
    xAxis: { ...times, boundaryGap: false },
    yAxis: value("人", { nameTextStyle: text }),
    series: [
      { name: "最多同时等待", type: "line", step: "middle", data: rows.map((row) => row.most), color: ACCENT, symbol: "none",
        areaStyle: { color: PALE, opacity: 0.5 }, lineStyle: { width: 2 } },
    ],
  });
}

export function resize() {
  for (const one of charts.values()) one.resize();
}

addEventListener("resize", resize);
