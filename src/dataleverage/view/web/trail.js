// The operator's token in the margin of the board, and the last moves it made.

import { byId, svg } from "./dom.js";

const SHOWN = 7;
const token = byId("token");
const lines = byId("trail");

// Where the token stands at each row: measured when the board is laid out, since measuring costs a layout.
export function measure(holder, rows) {
  const origin = holder.getBoundingClientRect();
  lines.setAttribute("width", holder.scrollWidth);
  lines.setAttribute("height", holder.scrollHeight);
  return new Map(
    rows.map(({ row, node }) => {
      const box = node.getBoundingClientRect();
      return [row, [box.left - origin.left + 11, box.top - origin.top + box.height / 2]];
    }),
  );
}

// served: the place of the row served in each round up to now, or undefined where it is not on the board.
export function drawTrail(served) {
  const here = served.at(-1);
  token.hidden = !here;
  if (here) {
    const [x, y] = here;
    token.style.setProperty("transform", `translate(${x - 7}px, ${y - 7}px)`);
  }
  const moves = [];
  for (let i = 1; i < served.length; i += 1)
    if (served[i] && served[i - 1] && served[i] !== served[i - 1]) moves.push([served[i - 1], served[i]]);
  lines.replaceChildren(
    ...moves.slice(-SHOWN).map(([from, to], i, all) => {
      const [x0, y0] = from;
      const [x1, y1] = to;
      const bend = x0 === x1 ? Math.min(10, 3 + Math.abs(y1 - y0) / 14) : 0;
      const path =
        x0 === x1
          ? `M${x0},${y0} C${x0 - bend},${y0} ${x1 - bend},${y1} ${x1},${y1}`
          : `M${x0},${y0} C${(x0 + x1) / 2},${y0} ${(x0 + x1) / 2},${y1} ${x1},${y1}`;
      return svg("path", { d: path, class: "trail-line", opacity: (0.15 + (0.6 * (i + 1)) / all.length).toFixed(2) });
    }),
  );
}
