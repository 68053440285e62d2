// The slider and what lies under it: who acts, round by round, and the line of the score.

import { last, levers, rounds } from "./data.js";
import { byId, plainText, replace, svg } from "./dom.js";
import { missing } from "./format.js";
import { headline } from "./headline.js";
import { leverClass } from "./lever.js";
import { go, listen, operator, pause, state } from "./player.js";
import { roundWords } from "./words.js";

const HEIGHT = 40;
const drawing = byId("timeline-drawing");
const slider = byId("slider");
const holder = byId("timeline");

function draw() {
  const width = holder.clientWidth;
  if (!width) return;
  const step = width / (last + 1);
  const gap = Math.min(1.5, step * 0.12);
  const bars = [];
  rounds.forEach((_, i) => {
    let y = HEIGHT;
    for (const lever of levers) {
      if (lever === "contribute") continue;
      const h = (operator().share[lever]?.[i] ?? 0) * (HEIGHT - 2);
      if (h <= 0) continue;
      y -= h;
      bars.push(
        svg("rect", {
          x: i * step + gap / 2,
          y,
          width: Math.max(0.5, step - gap),
          height: h,
          class: leverClass(lever),
        }),
      );
    }
  });
  const values = rounds.map((_, i) => headline.of(operator(), i));
  const known = values.filter((v) => !missing(v));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const height = (v) => {
    const t = high - low < 1e-9 ? 0.5 : (v - low) / (high - low);
    return 5 + (HEIGHT - 10) * (headline.better < 0 ? t : 1 - t);
  };
  const points = values.map((v, i) => (missing(v) ? null : [(i + 0.5) * step, height(v)])).filter(Boolean);
  const line = points.length ? `M${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}` : "M0,0";
  drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  replace(
    drawing,
    svg("rect", { class: "past", x: 0, y: 0, width: 0, height: HEIGHT, id: "timeline-past" }),
    bars,
    svg("path", { d: line, class: "score-line under" }),
    svg("path", { d: line, class: "score-line" }),
    svg("rect", { class: "here", x: 0, y: 0, width: Math.max(3, step), height: HEIGHT, rx: 2, id: "timeline-here" }),
  );
  slider.style.setProperty("--step", `${step}px`);
  update();
}

function update() {
  const step = holder.clientWidth / (last + 1);
  byId("timeline-here")?.style.setProperty("transform", `translateX(${state.at * step}px)`);
  if (Number(slider.value) !== state.at) slider.value = String(state.at);
  slider.setAttribute("aria-valuetext", `Round ${rounds[state.at]}: ${plainText(roundWords(operator(), state.at))}`);
}

export function startTimeline() {
  slider.max = String(Math.max(1, last));
  slider.disabled = last === 0;
  slider.addEventListener("input", () => {
    pause();
    go(Number(slider.value));
  });
  draw();
  new ResizeObserver(draw).observe(holder);
  listen((what) => (what === "round" ? update() : what === "operator" && draw()));
}
