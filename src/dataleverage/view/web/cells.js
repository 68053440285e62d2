// What is known of the cells: their scores, since when, and to whom, at the round the page is at.

import { columns, crowd, rounds, run } from "./data.js";
import { missing } from "./format.js";
import { served } from "./headline.js";
import { operator, state } from "./player.js";
import { keyOf, rowWords } from "./words.js";

export const board = run.board;
export const rows = board.rows.map((text) => [...text].map((v) => parseInt(v, 36)));
export const sizes = board.size ?? rows.map((row) => row.filter(Boolean).length);
export const objectCount = crowd?.objects ?? run.objects.object.length;
const place = new Map(board.rows.map((text, i) => [text, i]));
export const full = crowd ? (board.full ?? undefined) : place.get("1".repeat(objectCount));

// A row of the board in words.
export const rowName = (row) => (crowd ? crowd.rows[row] : rowWords(rows[row]));
const scales = new Map();

// Where a cell stands in the columns of the record.
export const cellOf = (row, k) => row * columns.length + k;

// The worst and the best score of a metric on the board: its tiles share one scale.
export function scaleOf(column) {
  if (!scales.has(column.metric)) {
    const same = columns.filter((c) => c.metric === column.metric);
    const values = same
      .flatMap((c) => rows.slice(0, board.shown).map((_, row) => board.score[cellOf(row, c.at)]))
      .filter((v) => !missing(v));
    const low = values.length ? Math.min(...values) : 0;
    const high = values.length ? Math.max(...values) : 1;
    scales.set(column.metric, high - low < 1e-9 ? { low: low - 0.5, high: high + 0.5 } : { low, high });
  }
  return scales.get(column.metric);
}

// 0 for the worst score on the board, 1 for the best, whichever way the metric runs.
export function shade(value, column) {
  const { low, high } = scaleOf(column);
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return column.better < 0 ? 1 - t : t;
}

const placed = new Map(); // words of a row -> its place

// The place of the row served in a round; -1 where nothing is served.
export function rowNow(i = state.at) {
  const words = operator().row[i];
  if (words === null) return -1;
  if (crowd) return Number(words);
  if (!placed.has(words)) placed.set(words, place.get(keyOf(words)) ?? -1);
  return placed.get(words);
}

// How a cell stands now: known to the operator, weighed by creators only, its row glimpsed on the monitor, or in fog.
export function look(row, k) {
  const now = rounds[state.at];
  const mine = board.by[state.operator]?.[cellOf(row, k)];
  const anyone = board.seen[cellOf(row, k)];
  if (row === rowNow() && !missing(served(operator(), state.at, columns[k]))) return "known";
  if (!missing(mine) && mine <= now) return "known";
  if (!missing(anyone) && anyone <= now) return "weighed";
  const looked = board.looked[state.operator]?.[row];
  return !missing(looked) && looked <= now ? "glimpsed" : "fog";
}

// What a surrogate predicted of a row, by column, as long as no model was trained on it; null where one was.
export function guessOf(row) {
  const [until, values] = board.guess[row] ?? [-1, null];
  return missing(until) || rounds[state.at] < until ? values : null;
}

export const hidden = (kind) => kind === "fog" || kind === "glimpsed";

export function valueOf(row, k) {
  if (hidden(look(row, k))) return null;
  const now = row === rowNow() ? served(operator(), state.at, columns[k]) : null;
  return now ?? guessOf(row)?.[k] ?? board.score[cellOf(row, k)];
}

