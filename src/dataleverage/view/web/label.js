// How a row is written on the board: a slot for every object, so that rows line up and a gap is seen at once.

import { run } from "./data.js";
import { el } from "./dom.js";

const objects = run.objects.object;

export const lettered = objects.length <= 16 && objects.every((name) => [...name].length === 1);

const SLOT = lettered ? 13 : Math.max(4, Math.min(10, Math.floor(200 / objects.length)));

export const labelWidth = Math.max(38, objects.length * SLOT + 6);

export function rowLabel(row) {
  return el(
    "span",
    { class: lettered ? "slots letters" : "slots marks", "aria-hidden": "true", css: { "--slot": `${SLOT}px` } },
    row.map((variant, j) => el("i", { class: variant === 0 ? "out" : variant > 1 ? "bad" : "in" }, lettered ? (variant ? objects[j] : "·") : "")),
  );
}
