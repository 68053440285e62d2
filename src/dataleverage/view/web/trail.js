// The operator's token in the margin of the board, and the last moves it made.

import { byId, svg } from "./dom.js";

const SHOWN = 7;
const token = byId("token");
const lines = byId("trail");

// lines: the table row served in each round up to now, or null where it is not on the board.
export function drawTrail(holder, served) {
  const origin = holder.getBoundingClientRect();
  lines.setAttribute("width", holder.scrollWidth);
  lines.setAttribute("height", holder.scrollHeight);
  const here = served.at(-1);
  token.hidden = !here;
  const spot = (line) => {
    const box = line.getBoundingClientRect();
    return [box.left - origin.left + 11, box.top - origin.top + box.height / 2];
  };
  if (here) {
    const [x, y] = spot(here);
    token.style.setProperty("transform", `translate(${x - 7}px, ${y - 7}px)`);
  }
  const moves = [];
  for (let i = 1; i < served.length; i += 1) if (served[i] && served[i - 1] && served[i] !== served[i - 1]) moves.push([served[i - 1], served[i]]);
  lines.replaceChildren(
    ...moves.slice(-SHOWN).map(([from, to], i, all) => {
      const [x0, y0] = spot(from);
      const [x1, y1] = spot(to);
      const bend = x0 === x1 ? Math.min(10, 3 + Math.abs(y1 - y0) / 14) : 0;
      const path = x0 === x1 ? `M${x0},${y0} C${x0 - bend},${y0} ${x1 - bend},${y1} ${x1},${y1}` : `M${x0},${y0} C${(x0 + x1) / 2},${y0} ${(x0 + x1) / 2},${y1} ${x1},${y1}`;
      return svg("path", { d: path, class: "trail-line", opacity: (0.15 + (0.6 * (i + 1)) / all.length).toFixed(2) });
    }),
  );
}
