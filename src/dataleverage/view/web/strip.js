// A creator's levers, round by round, in one line.

import { last, leverOf, rounds } from "./data.js";
import { svg } from "./dom.js";
import { leverClass } from "./lever.js";

// Acting shows as a full bar, contributing as a low one: the shape tells it without the colour.
const HEIGHT = { contribute: 0.28, withhold: 0.62, delete: 1, poison: 1, redirect: 0.8 };

export function strip(creator) {
  const width = rounds.length;
  const drawing = svg("svg", {
    class: "strip",
    viewBox: `0 0 ${width} 1`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  for (let i = 0; i <= last;) {
    const lever = leverOf(creator, i);
    let j = i;
    while (j <= last && leverOf(creator, j) === lever) j += 1;
    if (lever !== null) {
      const h = HEIGHT[lever] ?? 0.8;
      if (lever === "poison")
        for (let x = i; x < j; x += 1)
          drawing.append(svg("path", { d: `M${x + 0.06},1L${x + 0.5},0L${x + 0.94},1z`, class: leverClass(lever) }));
      else
        drawing.append(
          svg("rect", { x: i + 0.06, y: 1 - h, width: j - i - 0.12, height: h, class: leverClass(lever) }),
        );
    }
    i = j;
  }
  return drawing;
}
