// One small card beside what is pointed at, used by the board, the network and the charts.

import { byId, el, replace } from "./dom.js";

const card = byId("tooltip");

// lines: texts, or {text, class}; the first is the heading. anchor: a rectangle in the window.
export function showTip(lines, anchor) {
  replace(
    card,
    lines.filter(Boolean).map((line, i) => el("div", { class: i === 0 ? "tip-head" : line.class }, line.text ?? line)),
  );
  card.hidden = false;
  const { width, height } = card.getBoundingClientRect();
  const left = Math.min(
    Math.max(8, anchor.left + anchor.width / 2 - width / 2),
    document.documentElement.clientWidth - width - 8,
  );
  const above = anchor.top - height - 10;
  card.style.setProperty("left", `${Math.max(8, left)}px`);
  card.style.setProperty("top", `${above > 8 ? above : anchor.bottom + 10}px`);
}

export function hideTip() {
  card.hidden = true;
}
