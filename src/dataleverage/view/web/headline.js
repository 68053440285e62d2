// What the sentences are about: the score on the headline column, or quality where several columns count in it.

import { columns, main, run } from "./data.js";
import { capital, missing, quality, score } from "./format.js";

export const byQuality =
  columns.filter((column) => column.weight > 0).length > 1 &&
  run.operators.every((operator) => operator.quality.some((v) => !missing(v)));

export const served = (operator, i, column = main) => operator.score[column.name]?.[i] ?? null;

export const headline = byQuality
  ? { name: "Quality", short: "quality ", of: (operator, i) => operator.quality[i] ?? null, tell: quality, better: 1, full: 1 }
  : {
      name: capital(main.label) + (main.name === "all" ? "" : ` on ${main.name}`),
      short: "",
      of: (operator, i) => served(operator, i),
      tell: score,
      better: main.better,
      full: main.full,
    };

// How a change reads: "0.049 worse"; the direction is that of what changes.
export function change(from, to, what = headline) {
  if (missing(from) || missing(to)) return null;
  const by = (to - from) * what.better;
  const size = (what.tell ?? score)(Math.abs(by), Math.max(Math.abs(from), Math.abs(to)));
  if (Number(size) === 0) return { text: "unchanged", tone: "same", arrow: "=" };
  return by > 0
    ? { text: `${size} better`, tone: "better", arrow: "▲" }
    : { text: `${size} worse`, tone: "worse", arrow: "▼" };
}
