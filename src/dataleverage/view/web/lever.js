// The mark of a lever: a colour (in the style sheet) and a shape, the same wherever it is drawn.

import { svg } from "./dom.js";

const SHAPES = {
  contribute: (r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0z`,
  withhold: (r) => box(0.88 * r),
  delete: (r) => `M0,${-1.25 * r}L${1.25 * r},0L0,${1.25 * r}L${-1.25 * r},0z`,
  poison: (r) => `M0,${-1.2 * r}L${1.2 * r},${0.95 * r}H${-1.2 * r}z`,
  redirect: (r) => cross(1.15 * r, 0.42 * r),
};

const box = (a) => `M${-a},${-a}h${2 * a}v${2 * a}h${-2 * a}z`;
const cross = (a, b) => `M${-b},${-a}H${b}V${-b}H${a}V${b}H${b}V${a}H${-b}V${b}H${-a}V${-b}H${-b}z`;

export const leverClass = (lever) => `lever lever-${lever in SHAPES ? lever : "other"}`;

export const leverPath = (lever, r) => (SHAPES[lever] ?? box)(Math.round(10 * r) / 10);

export function leverMark(lever) {
  return svg(
    "svg",
    { class: "mark", viewBox: "-8 -8 16 16", "aria-hidden": "true" },
    svg("path", { d: leverPath(lever, 5.4), class: leverClass(lever) }),
  );
}
