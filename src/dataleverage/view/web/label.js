// How a row is written on the board: a slot for every object, so that rows line up and a gap is seen at once.

import { run } from "./data.js";
import { el, svg } from "./dom.js";

const objects = run.objects.object;
const lettered = objects.length <= 16 && run.objects.letters;

// Letters where names are letters; else marks, in lines of at most WIDEST pixels.
const WIDEST = 240;
const SLOT = lettered || objects.length <= 16 ? 13 : Math.max(4, Math.min(10, Math.floor(200 / objects.length)));
const ACROSS = Math.min(objects.length, Math.floor(WIDEST / SLOT));
const LINES = Math.ceil(objects.length / ACROSS);
const TALL = LINES === 1 ? 11 : Math.max(4, Math.min(8, Math.floor(22 / LINES)));

export const labelWidth = Math.max(38, (lettered ? objects.length : ACROSS) * SLOT + 6);

export const rowLabel = (row) => (lettered ? letters(row) : marks(row));

const NAMED = 14; // characters of a name that stands upright

// The names of the objects over the marks, where there is room for them; else a mark tells its objects when asked.
export function nameLine() {
  if (lettered || LINES > 1 || SLOT < 8) return null;
  const names = objects.map((name) => (name.length > NAMED ? `${name.slice(0, NAMED - 1)}…` : name));
  const longest = Math.max(...names.map((name) => name.length));
  const height = longest === 1 ? 12 : Math.min(88, 8 + 6 * longest);
  return svg(
    "svg",
    { class: "object-names", width: ACROSS * SLOT, height, "aria-hidden": "true" },
    names.map((name, j) => {
      const x = j * SLOT + SLOT / 2;
      return longest === 1
        ? svg("text", { x, y: 10, "text-anchor": "middle" }, name)
        : svg("text", { transform: `translate(${x + 3},${height - 2}) rotate(-90)` }, name);
    }),
  );
}

function letters(row) {
  return el(
    "span",
    { class: "letters", "aria-hidden": "true", css: { "--slot": `${SLOT}px` } },
    row.map((variant, j) =>
      el("i", { class: variant === 0 ? "out" : variant > 1 ? "bad" : "in" }, variant ? objects[j] : "·"),
    ),
  );
}

// A box for an object that is there, a line for one that is not, a triangle for one that is poisoned.
function marks(row) {
  const paths = { in: "", out: "", bad: "" };
  row.forEach((variant, j) => {
    const x = (j % ACROSS) * SLOT;
    const y = Math.floor(j / ACROSS) * (TALL + 1);
    const w = SLOT - 1;
    if (variant === 0) paths.out += `M${x},${y + TALL - 1}h${w}v1h${-w}z`;
    else if (variant === 1) paths.in += `M${x},${y}h${w}v${TALL}h${-w}z`;
    else paths.bad += `M${x},${y + TALL}l${w / 2},${-TALL}l${w / 2},${TALL}z`;
  });
  const [width, height] = [ACROSS * SLOT, LINES * (TALL + 1)];
  return svg(
    "svg",
    { class: "marks", width, height, "aria-hidden": "true" },
    Object.entries(paths).map(([name, d]) => d && svg("path", { class: name, d })),
  );
}
