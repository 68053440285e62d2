// What the board's colours and marks mean, and which rows are on it.

import { board, cellOf, objectCount, rows, scaleOf } from "./cells.js";
import { columns, crowd, last, main, rounds, run } from "./data.js";
import { byId, el, replace } from "./dom.js";
import { count, missing, score, whole } from "./format.js";

export function legend() {
  const { low, high } = scaleOf(main);
  const [worst, best] = main.better < 0 ? [high, low] : [low, high];
  const weighed = board.seen.some(
    (seen, cell) => !missing(seen) && board.by.every((by) => missing(by[cell]) || by[cell] > rounds[last]),
  );
  const glimpsed = board.looked.some((seen, o) =>
    seen.some(
      (round, row) =>
        row < board.shown &&
        !missing(round) &&
        !(board.by[o][cellOf(row, main.at)] <= round && board.by[o][cellOf(row, main.at)] !== null),
    ),
  );
  const poisoned = rows.slice(0, board.shown).some((row) => row.some((v) => v > 1));
  replace(
    byId("board-legend"),
    el(
      "span",
      { class: "key" },
      score(worst),
      el("i", { class: "ramp", "aria-hidden": "true" }),
      `${score(best)} ${main.label}`,
    ),
    el("span", { class: "key" }, el("i", { class: "swatch tile fog", "aria-hidden": "true" }), "not looked at"),
    glimpsed &&
      el(
        "span",
        { class: "key" },
        el("i", { class: "swatch tile glimpsed", "aria-hidden": "true" }),
        "looked at on its monitor",
      ),
    weighed &&
      el(
        "span",
        { class: "key" },
        el("i", { class: "swatch tile weighed", "aria-hidden": "true" }),
        "weighed by creators only",
      ),
    Object.keys(board.guess).length > 0 &&
      el(
        "span",
        { class: "key" },
        el("i", { class: "swatch tile weighed guess", "aria-hidden": "true" }),
        "predicted by a surrogate",
      ),
    poisoned && el("span", { class: "key" }, el("i", { class: "poison-mark", "aria-hidden": "true" }), "poisoned"),
    el("span", { class: "key" }, el("i", { class: "token-mark", "aria-hidden": "true" }), "row served"),
  );
}

// Which rows are on the board, and which are not.
export function note(beside) {
  const possible = board.possible === null ? `2^${objectCount}` : whole(board.possible);
  const poison = board.rows.some((row) => /[^01]/u.test(row)); // there are as many more rows as there are ways to poison
  const some = poison ? `${possible} clean ones and more with poison` : possible;
  const others =
    run.columns.total > columns.length
      ? ` ${columns.length} of ${whole(run.columns.total)} audit columns: those that moved most.`
      : "";
  const what = beside
    ? "those unveiled by the end and their neighbours, one object away"
    : "those unveiled by the end" + (few() ? ", and a few neighbours of the row served last" : "");
  byId("board-note").textContent =
    (board.all
      ? `All ${possible} clean rows of the grid; ${whole(board.unveiled)} unveiled by the end.`
      : `${count(beside ? board.shown : board.first, "row")} of ${some}: ${what}. ${whole(board.unveiled)} looked at by the end, monitors counted${board.rows.length > board.shown ? "; search finds the others" : ""}.`) +
    others +
    (crowd ? ` A row's marks are ${whole(rows[0].length)} of its objects.` : "");
}

const few = () =>
  rows.slice(0, board.first).some((_, row) => columns.every((column) => missing(board.seen[cellOf(row, column.at)])));
