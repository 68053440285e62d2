// The charts: Vega-Lite, started once the page is painted. The round is the signal `cursor` of each.

import { columns, crowd, last, levers, main, move, names, rounds, run, specs } from "./data.js";
import { byId, el, replace } from "./dom.js";
import { capital, missing, money, quality, score, share } from "./format.js";
import { served } from "./headline.js";
import { go, listen, operator, pause, state } from "./player.js";
import { hideTip, showTip } from "./tooltip.js";

const LEVERS = ["contribute", "withhold", "delete", "poison", "redirect"];
const views = new Map();
const captions = new Map();

const mean = rounds.map((_, i) => {
  if (crowd) return crowd.payoff[i];
  const values = names.map((_, c) => move("payoff", c, i)).filter((v) => !missing(v));
  return values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
});

const known = (rows, field) => rows.filter((row) => !missing(row[field]));
const each = (f) => rounds.flatMap((round, i) => f(round, i));

// Of the columns beside the headline, the one that fell furthest below its start, and where it was lowest.
function lostMost() {
  let most = null;
  for (const column of columns) {
    if (column === main) continue;
    const start = served(operator(), 0, column);
    rounds.forEach((_, i) => {
      const now = served(operator(), i, column);
      const lost = missing(start) || missing(now) ? 0 : (start - now) * column.better;
      if (lost > (most?.lost ?? 1e-6)) most = { column, i, now, lost };
    });
  }
  return most;
}

function scores() {
  const most = lostMost();
  return known(
    each((round, i) =>
      columns.map((c) => ({
        round,
        column: c.name,
        score: served(operator(), i, c),
        main: c === main,
        most: c === (most?.column ?? main), // under the headline where none lost
        tag: c === most?.column && i === most.i ? `${c.name} ${score(most.now)}` : "",
        late: i > last / 2,
      })),
    ),
    "score",
  );
}

const DATA = {
  scores,
  shares: () =>
    known(
      each((round, i) =>
        levers.map((lever, k) => ({
          round,
          lever,
          share: operator().share[lever]?.[i],
          order: lever === "contribute" ? levers.length : k,
        })),
      ),
      "share",
    ),
  quality: () =>
    each((round, i) => [
      { round, view: "everyone", quality: operator().quality[i] },
      { round, view: "company", quality: operator().company_quality[i] },
    ]),
  payoffs: () =>
    each((round, i) => [
      { round, who: "operator", payoff: operator().payoff[i] },
      { round, who: "creators", payoff: mean[i] },
    ]),
};

// The heading of a chart doubles as its key: the values at the cursor, in the colours of the lines.
const READ = {
  scores: (i) => [
    key("line-1", main.name === "all" ? "all examples" : main.name, score(served(operator(), i))),
    columns.length > 1 &&
      key(
        "faint-line",
        columns.length === 2
          ? columns.find((c) => c !== main).name
          : `${run.columns.total - 1} other columns${run.columns.total > columns.length ? `, ${columns.length - 1} drawn` : ""}`,
      ),
    columns.length > 2 && mostKey(i),
  ],
  shares: (i) =>
    levers
      .filter((l) => operator().share[l]?.some((v) => v > 0))
      .map((l) => key(LEVERS.includes(l) ? `lever-${l}` : "lever-other", l, share(operator().share[l][i]))),
  quality: (i) => [
    key("line-1", "everyone", quality(operator().quality[i])),
    key("line-2 dashed", "company view", quality(operator().company_quality[i])),
  ],
  payoffs: (i) => [
    key("line-1", operator().name, money(operator().payoff[i])),
    key("line-2 dashed", "mean creator", money(mean[i])),
  ],
};

const TITLES = {
  scores: `${capital(main.label)} on audit columns`,
  shares: "Share of creators on each lever",
  quality: "Quality: 1 − leverage",
  payoffs: "Payoffs",
};

function key(colour, name, value) {
  return el(
    "span",
    { class: "key" },
    el("i", { class: `dash ${colour}`, "aria-hidden": "true" }),
    `${name} `,
    value && el("b", {}, value),
  );
}

function mostKey(i) {
  const most = lostMost();
  return most && key("most-line", `${most.column.name}, which lost most,`, score(served(operator(), i, most.column)));
}

function caption(name) {
  const pieces = READ[name](state.at).filter(Boolean);
  replace(captions.get(name), pieces.length ? pieces : el("span", { class: "quiet" }, "Nobody acts in this run."));
}

function frame(name) {
  const keys = el("p", { class: "legend" });
  captions.set(name, keys);
  return el(
    "figure",
    {},
    el("figcaption", {}, el("h3", {}, TITLES[name]), keys),
    el("div", { class: "chart", id: `chart-${name}`, role: "img", "aria-label": `${TITLES[name]}, by round` }),
  );
}

// The same digits as everywhere on the page.
const TELL = { score, quality, payoff: money };

function tooltip(handler, event, item, value) {
  if (!value) return hideTip();
  const fields = Object.entries(value);
  const [measure, text] = fields.at(-1);
  const told = TELL[measure]?.(item.datum?.[measure]) ?? text;
  showTip([fields[0][1], `round ${value.round}`, { text: `${measure} ${told}`, class: "tip-score" }], {
    left: event.clientX,
    top: event.clientY - 6,
    width: 0,
    height: 0,
    bottom: event.clientY + 6,
  });
}

function toRound(view, event) {
  const drawing = view.container().querySelector("svg");
  const x = event.clientX - drawing.getBoundingClientRect().left - view.origin()[0];
  const number = view.scale("x").invert(x);
  if (Number.isNaN(number)) return;
  pause();
  go(rounds.reduce((best, r, i) => (Math.abs(r - number) < Math.abs(rounds[best] - number) ? i : best), 0));
}

async function embed(name) {
  const datasets = { [name]: DATA[name](), here: [{}] };
  const node = byId(`chart-${name}`);
  const made = await window.vegaEmbed(
    node,
    { ...specs[name], datasets },
    { mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, tooltip },
  );
  views.set(name, made.view);
  made.view.signal("cursor", rounds[state.at]).runAsync();
  node.addEventListener("pointerdown", (event) => event.button === 0 && toRound(made.view, event));
  node.addEventListener("pointermove", (event) => event.buttons === 1 && toRound(made.view, event));
  node.addEventListener("pointerleave", hideTip);
}

function update(what) {
  for (const name of Object.keys(specs)) caption(name);
  for (const [name, view] of views) {
    if (what === "operator") view.data(name, DATA[name]());
    view.signal("cursor", rounds[state.at]).runAsync();
  }
}

// Vega is most of this file: it is read only when the rest of the page stands.
function start() {
  const script = el("script", {}, byId("vega").textContent);
  document.head.append(script);
  byId("vega").remove();
  Promise.all(Object.keys(specs).map(embed)).then(() => document.documentElement.setAttribute("data-charts", "ready"));
}

export function startLines() {
  replace(byId("charts"), Object.keys(specs).map(frame));
  for (const name of Object.keys(specs)) caption(name);
  if (!specs.payoffs) byId("charts").append(el("p", { class: "quiet small" }, "No money was booked in this run."));
  listen((what) => (what === "round" || what === "operator") && update(what));
  requestAnimationFrame(() => setTimeout(start, 30));
}
