// The board: rows of the grid by size, audit columns across, a tile a cell, fog where nobody has looked.

import {
  board,
  cellOf,
  full,
  guessOf,
  hidden,
  look,
  objectCount,
  rowName,
  rowNow,
  rows,
  scaleOf,
  shade,
  sizes,
  valueOf,
} from "./cells.js";
import { columns, crowd, main, rounds, run } from "./data.js";
import { byId, el, replace } from "./dom.js";
import { count, missing, score, whole } from "./format.js";
import { change, headline, served } from "./headline.js";
import { labelWidth, nameLine, rowLabel } from "./label.js";
import { legend, note } from "./legend.js";
import { withOwner, withOwners } from "./owners.js";
import { listen, operator, state } from "./player.js";
import { example, matching } from "./search.js";
import { hideTip, showTip } from "./tooltip.js";
import { drawTrail, measure } from "./trail.js";
import { columnName, rowServed } from "./words.js";

const GUTTER = 24;
const MOST_FOUND = 96;
const MOST_TOLD = 16; // objects in a line of the tooltip
const objects = run.objects.object;
const holder = byId("board-panels");
let drawn = []; // {row, line, tiles: [{node, k, look}]}
let spots = new Map();
let asked = "";
let beside = false; // whether neighbours are shown
let width = 0;
let pointed = null;

// As a dictionary has them: ABC, ABD, ACD.
const orders = rows.map((row) => row.map((v) => (v ? 0 : 1)).join("") + row.map((v) => v.toString(36)).join(""));

// How wide tiles are and how many tables stand side by side.
function plan(total) {
  const side = GUTTER + labelWidth + 10;
  const others = columns.length - 1;
  const texted = main.full !== null && Math.abs(main.full) >= 10 ? 54 : 46;
  const fits = (tile) => Math.max(1, Math.floor((width + 28) / (side + texted + others * (tile + 2) + 28)));
  const heightOf = (tile) => Math.ceil(total / fits(tile)) * (tile >= texted ? 27 : 23);
  const roomy = side + columns.length * (texted + 2) <= width && (total <= 20 || heightOf(texted) <= 600);
  const room = Math.floor((width - side - texted) / Math.max(1, others)) - 2;
  const tile =
    others === 0
      ? 84
      : roomy
        ? total <= 20
          ? Math.min(92, Math.max(texted, Math.floor((width - side) / columns.length) - 2))
          : texted
        : Math.max(12, Math.min(22, room));
  const headTile = roomy ? tile : texted;
  return { tile, headTile, roomy, panels: total <= 20 ? 1 : Math.min(fits(tile), Math.ceil(total / 8)) };
}

function draw() {
  hideTip();
  const usual = rows.map((_, i) => i).slice(0, beside ? board.shown : board.first);
  const found = asked ? matching(asked, rows) : usual;
  const visible = found.slice(0, MOST_FOUND).sort((a, b) => sizes[b] - sizes[a] || (orders[a] < orders[b] ? -1 : 1));
  byId("board-found").textContent = !asked
    ? ""
    : found.length > MOST_FOUND
      ? `${whole(found.length)} rows match; ${MOST_FOUND} shown`
      : `${count(found.length, "row")} match${found.length === 1 ? "es" : ""}`;
  const total = visible.length;
  const { tile, headTile, roomy, panels } = plan(total);
  const limit = Math.ceil((total + new Set(visible.map((row) => sizes[row])).size) / panels);
  drawn = [];
  const tables = [];
  let body = null;
  let lines = Infinity;
  let size = null;
  for (const row of visible) {
    if (lines >= limit && tables.length < panels) {
      tables.push(
        el(
          "table",
          {
            class: `panel${roomy ? " roomy" : ""}${roomy && total <= 20 ? " tall" : ""}`,
            css: { "--tile": `${tile}px`, "--head-tile": `${headTile}px` },
          },
          heading(headTile, tile),
        ),
      );
      lines = 0;
      size = null;
    }
    if (sizes[row] !== size) {
      size = sizes[row];
      body = el(
        "tbody",
        {},
        el(
          "tr",
          { class: "size" },
          el(
            "th",
            { colspan: columns.length + 1, scope: "rowgroup" },
            el("span", {}, `${crowd ? whole(size) : size} of ${count(objectCount, "object")}`),
          ),
        ),
      );
      tables.at(-1).append(body);
      lines += 1;
    }
    body.append(line(row));
    lines += 1;
  }
  holder.classList.toggle("gentle", total * columns.length < 400); // fading thousands of tiles would stutter
  replace(byId("board-tables"), tables.length ? tables : el("p", { class: "quiet" }, "No row matches."));
  if (drawn.length) drawn[0].tiles[0].node.tabIndex = 0;
  spots = measure(byId("board-tables"), drawn);
  update();
}

function heading(headTile, tile) {
  const upright = (column) => columnName(column).length > 6 || (column === main ? headTile : tile) < 30;
  return el(
    "thead",
    {},
    el(
      "tr",
      {},
      el("th", { class: "corner" }, el("span", { class: "unseen" }, "Row"), nameLine()),
      columns.map((column) =>
        el(
          "th",
          {
            scope: "col",
            class: `${column === main ? "main " : ""}${upright(column) && column.name.length > 2 && column.name !== "all" ? "upright" : ""}`,
            title: columnTitle(column),
          },
          el("span", {}, column.name),
        ),
      ),
    ),
  );
}

// "E (archives 3)" where the column is an object's.
function columnTitle(column) {
  const j = objects.indexOf(column.name);
  return j < 0 ? columnName(column) : withOwner(j);
}

function line(row) {
  const tiles = columns.map((column, k) => ({
    k,
    look: "",
    node: el("td", { class: column === main ? "tile main" : "tile", tabindex: "-1", "data-row": row, "data-k": k }, el("b", {})),
  }));
  const node = el(
    "tr",
    { class: "row" },
    el(
      "th",
      { scope: "row", class: "label", tabindex: "-1", "data-row": row, "data-k": -1 },
      el("span", { class: "unseen" }, rowName(row)),
      rowLabel(rows[row]),
    ),
    tiles.map((t) => t.node),
  );
  drawn.push({ row, node, tiles });
  return node;
}

function update() {
  const now = rowNow();
  const visited = new Set();
  for (let i = 0; i <= state.at; i += 1) visited.add(rowNow(i));
  for (const { row, node, tiles } of drawn) {
    const name = `row${row === now ? " served" : visited.has(row) ? " visited" : ""}`;
    if (node.className !== name) node.className = name;
    for (const tile of tiles) {
      const kind = look(row, tile.k);
      const value = hidden(kind) ? null : valueOf(row, tile.k);
      const guess = !hidden(kind) && guessOf(row) !== null;
      const key = `${kind}${guess}${value}`;
      if (tile.look === key) continue;
      tile.look = key;
      const t = missing(value) ? null : shade(value, columns[tile.k]);
      tile.node.className = `tile ${kind}${guess ? " guess" : ""}${t !== null && t > 0.56 ? " deep" : ""}${columns[tile.k] === main ? " main" : ""}`;
      if (t === null) tile.node.style.removeProperty("--t");
      else tile.node.style.setProperty("--t", `${Math.round(100 * t)}%`);
      tile.node.firstChild.textContent = missing(value) ? "" : score(value);
      tile.node.setAttribute(
        "aria-label",
        hidden(kind)
          ? `${columnName(columns[tile.k])}: not unveiled`
          : `${columnName(columns[tile.k])}: ${score(value)}${kind === "weighed" ? ", weighed by creators only" : ""}${guess ? ", predicted by a surrogate" : ""}`,
      );
    }
  }
  reveal(now);
  drawTrail(Array.from({ length: state.at + 1 }, (_, i) => spots.get(rowNow(i))));
  summary();
  if (pointed) tip(pointed);
}

// Keeps the row served in view: scrolls the box alone, never the page.
function reveal(now) {
  const spot = spots.get(now);
  if (!spot || holder.scrollHeight <= holder.clientHeight + 4) return;
  const head = (byId("board-tables").querySelector("thead")?.offsetHeight ?? 0) + 16;
  const [top, bottom] = [spot[1] - head, spot[1] + 18];
  if (top < holder.scrollTop) holder.scrollTop = top - 12;
  else if (bottom > holder.scrollTop + holder.clientHeight) holder.scrollTop = bottom + 12 - holder.clientHeight;
}

function summary() {
  const words = operator().row[state.at];
  const value = headline.of(operator(), state.at);
  const against = words === null ? null : change(headline.full, value);
  replace(
    byId("board-now"),
    `${operator().name} serves `,
    el("strong", {}, words === null ? "nothing" : rowServed(operator(), state.at)),
    missing(value) ? "" : ` · ${headline.short}${headline.tell(value)}`,
    against && against.tone !== "same"
      ? el("span", { class: against.tone }, ` ${against.arrow} ${against.text} than everything`)
      : "",
  );
}

// What is in a row and what is out, with the owners.
function rowTip(node) {
  const place = Number(node.dataset.row);
  const row = crowd ? [] : rows[place]; // of a crowd only some objects are known here
  const at = (wanted) => row.flatMap((v, j) => (wanted(v) ? [j] : []));
  const line = (name, places) => places.length > 0 && { text: `${name}: ${withOwners(places, MOST_TOLD)}` };
  showTip(
    [
      { text: rowName(place) },
      line(
        "In",
        at((v) => v === 1),
      ),
      line(
        "Poisoned",
        at((v) => v > 1),
      ),
      line(
        "Out",
        at((v) => v === 0),
      ),
    ],
    node.getBoundingClientRect(),
  );
}

function tip(node) {
  const [row, k] = [Number(node.dataset.row), Number(node.dataset.k)];
  if (k < 0) return rowTip(node);
  const out = crowd ? [] : rows[row].flatMap((v, j) => (v === 0 ? [j] : []));
  const column = columns[k];
  const value = valueOf(row, k);
  const kind = look(row, k);
  const cell = cellOf(row, k);
  const mine = board.by[state.operator]?.[cell];
  const fromFull =
    missing(value) || row === full
      ? null
      : change(column.full ?? (full === undefined ? null : board.score[cellOf(full, k)]), value, column);
  const before = state.at ? change(served(operator(), state.at - 1, column), value, column) : null;
  const looked = board.looked[state.operator]?.[row];
  showTip(
    [
      { text: rowName(row) },
      {
        text: hidden(kind)
          ? `${columnName(column)}: not unveiled`
          : `${columnTitle(column)}: ${column.label} ${score(value)}`,
        class: "tip-score",
      },
      fromFull && {
        text: `${fromFull.arrow} ${fromFull.text}${fromFull.tone === "same" ? " from" : " than"} the full row`,
        class: fromFull.tone,
      },
      !hidden(kind) &&
        before && {
          text: `${before.arrow} ${before.text}${before.tone === "same" ? " from" : " than"} what was served in round ${rounds[state.at - 1]}`,
          class: before.tone,
        },
      kind === "known" && !missing(mine) && { text: `unveiled by ${operator().name} in round ${mine}`, class: "quiet" },
      kind === "weighed" && {
        text: `weighed by creators in round ${board.seen[cell]}; ${operator().name} has not looked`,
        class: "quiet",
      },
      !missing(looked) &&
        looked <= rounds[state.at] && {
          text: `${operator().name} looked at its monitor in round ${looked}: ${score(board.monitor[state.operator][row])}`,
          class: "quiet",
        },
      out.length > 0 && out.length <= 4 && { text: `Out: ${withOwners(out, 4)}`, class: "quiet" },
      !hidden(kind) && guessOf(row) && { text: "predicted by a surrogate: no model was trained on this row", class: "quiet" },
    ],
    node.getBoundingClientRect(),
  );
}

function point(event) {
  pointed = event.target.closest?.(".tile, .label") ?? null;
  if (pointed) tip(pointed);
  else hideTip();
}

function walk(event) {
  const node = event.target.closest(".tile, .label");
  const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  if (event.key === "Escape") return hideTip();
  if (!node || !steps) return;
  event.preventDefault();
  event.stopPropagation();
  const at = drawn.findIndex((d) => d.row === Number(node.dataset.row)) + steps[0];
  const k = Number(node.dataset.k) + steps[1];
  const next = k === -1 ? drawn[at]?.node.firstChild : drawn[at]?.tiles[k]?.node;
  if (!next) return;
  node.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

export function startBoard() {
  legend();
  note(beside);
  document.body.classList.toggle("wide-board", board.first > 24 || columns.length > 11);
  const search = byId("board-search");
  search.closest("label").hidden = Boolean(crowd) || (board.all && board.shown <= 64);
  search.placeholder = example();
  search.title = search.placeholder;
  const neighbours = byId("board-neighbours");
  neighbours.hidden = board.shown === board.first;
  neighbours.addEventListener("click", () => {
    beside = !beside;
    neighbours.setAttribute("aria-pressed", String(beside));
    note(beside);
    draw();
  });
  search.addEventListener("input", () => {
    asked = search.value.trim();
    draw();
  });
  for (const event of ["pointerover", "focusin"]) holder.addEventListener(event, point);
  for (const event of ["pointerleave", "focusout"])
    holder.addEventListener(event, () => {
      pointed = null;
      hideTip();
    });
  holder.addEventListener("keydown", walk);
  width = holder.clientWidth - 4;
  draw();
  new ResizeObserver(() => {
    const next = holder.clientWidth - 4;
    if (Math.abs(next - width) < 2) return;
    width = next;
    draw();
  }).observe(holder);
  listen((what) => (what === "round" || what === "operator") && update());
}
