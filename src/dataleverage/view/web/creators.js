// The creators: who sees whom, what each does this round, and what it gets.

import { last, leverOf, levers, move, names, run } from "./data.js";
import { byId, el, replace, svg } from "./dom.js";
import { capital, count, missing, money, score, whole } from "./format.js";
import { leverClass, leverMark, leverPath } from "./lever.js";
import { choose, listen, state } from "./player.js";
import { strip } from "./strip.js";
import { hideTip, showTip } from "./tooltip.js";

const MOST_NAMED = 30;
const MOST_LISTED = 60;
const { layout, ties, edges, x: xs, y: ys } = run.creators;
const network = byId("network");
const n = names.length;
const payoffs = (run.moves.payoff ?? []).filter((v) => !missing(v));
const low = payoffs.length ? Math.min(...[0].concat(minmax(payoffs)[0])) : 0;
const high = payoffs.length ? minmax(payoffs)[1] : 0;
let nodes = [];
let radius = 8;
let width = 0;

function minmax(values) {
  let [a, b] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < a) a = v;
    if (v > b) b = v;
  }
  return [a, b];
}

// Area goes with the payoff; where nothing is booked all are alike.
function sizeOf(creator) {
  const payoff = move("payoff", creator, state.at);
  if (missing(payoff) || high - low < 1e-9) return radius;
  return radius * Math.sqrt(0.35 + 1.15 * ((payoff - low) / (high - low)));
}

function draw() {
  const height =
    n === 1
      ? 110
      : layout === "grid"
        ? Math.min(420, Math.max(160, width * 0.62))
        : Math.min(380, Math.max(230, width * 0.62));
  const named = n <= MOST_NAMED;
  radius =
    layout === "grid"
      ? Math.max(2.6, Math.min(8, 0.3 * Math.sqrt((width * height) / n)))
      : Math.max(4, Math.min(11, 46 / Math.sqrt(n)));
  const [padX, padY] = [named ? 44 : 18, named ? 26 : 18];
  const spot = (c) => [
    padX + xs[c] * (width - 2 * padX),
    padY - (named ? 6 : 0) + ys[c] * (height - 2 * padY - (named ? 4 : 0)),
  ];
  const lines = svg(
    "g",
    { class: "ties" },
    edges.map(([a, b]) => {
      const [[x1, y1], [x2, y2]] = [spot(a), spot(b)];
      return svg("line", { x1, y1, x2, y2, "data-a": a, "data-b": b });
    }),
  );
  nodes = names.map((name, c) => {
    const [x, y] = spot(c);
    const shape = svg("path", {});
    const label = named
      ? svg(
          "text",
          { y: radius * 1.3 + 11, "text-anchor": "middle" },
          name.length > 14 ? `${name.slice(0, 13)}…` : name,
        )
      : null;
    return svg(
      "g",
      {
        class: "node",
        role: "button",
        tabindex: c === 0 ? "0" : "-1",
        transform: `translate(${x.toFixed(1)},${y.toFixed(1)})`,
        "data-creator": c,
      },
      svg("circle", { class: "halo", r: radius * 1.9 }),
      shape,
      label,
    );
  });
  replace(
    network,
    svg(
      "svg",
      { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Creators" },
      lines,
      nodes,
    ),
  );
  update();
}

function update() {
  const counts = new Map(levers.map((lever) => [lever, 0]));
  let acting = 0;
  let told = 0;
  for (let c = 0; c < n; c += 1) {
    const lever = leverOf(c, state.at);
    if (lever !== null) {
      counts.set(lever, (counts.get(lever) ?? 0) + 1);
      told += 1;
      if (lever !== "contribute") acting += 1;
    }
    const [shape, node] = [nodes[c].children[1], nodes[c]];
    const name = leverClass(lever ?? "other");
    const d = leverPath(lever ?? "other", sizeOf(c));
    if (shape.getAttribute("d") !== d) shape.setAttribute("d", d);
    if (shape.getAttribute("class") !== name) shape.setAttribute("class", name);
    node.setAttribute("aria-label", `${names[c]}: ${lever ?? "not there yet"}`);
    node.setAttribute("aria-pressed", String(state.creator === c));
    node.classList.toggle("chosen", state.creator === c);
  }
  const legend = levers.filter(
    (lever) =>
      lever === "contribute" || run.operators.some((o) => o.share[lever]?.some((v) => v > 0)) || counts.get(lever),
  );
  replace(
    byId("creators-legend"),
    legend.map((lever) =>
      el(
        "span",
        { class: `key${counts.get(lever) ? "" : " none"}` },
        leverMark(lever),
        `${lever} `,
        el("b", {}, whole(counts.get(lever))),
      ),
    ),
  );
  replace(byId("creators-now"), el("strong", {}, `${whole(acting)} of ${whole(told)}`), " acting");
  for (const tie of network.querySelectorAll(".ties line"))
    tie.classList.toggle(
      "near",
      state.creator !== null && (Number(tie.dataset.a) === state.creator || Number(tie.dataset.b) === state.creator),
    );
  for (const row of byId("moves").querySelectorAll(".move-row")) {
    const c = Number(row.dataset.creator);
    row.setAttribute("aria-pressed", String(state.creator === c));
  }
  byId("moves").style.setProperty("--now", `${(100 * (state.at + 0.5)) / (last + 1)}%`);
}

// Everyone, round by round: in order of first acting, so that a cascade reads as a staircase.
function list() {
  if (n > MOST_LISTED || n < 1) return;
  const first = (c) => {
    for (let i = 0; i <= last; i += 1) if (![null, "contribute"].includes(leverOf(c, i))) return i;
    return last + 1;
  };
  const order = names.map((_, c) => c).sort((a, b) => first(a) - first(b) || a - b);
  replace(
    byId("moves"),
    el("h3", {}, "Round by round"),
    order.map((c) =>
      el(
        "button",
        {
          type: "button",
          class: "move-row",
          "data-creator": c,
          "aria-pressed": "false",
          on: { click: () => choose(c) },
        },
        el("span", { class: "move-name" }, names[c]),
        el("span", { class: "move-strip" }, strip(c)),
      ),
    ),
  );
}

function tip(target) {
  const c = Number(target.dataset.creator);
  const payoff = move("payoff", c, state.at);
  const quality = move("quality", c, state.at);
  showTip(
    [
      { text: names[c] },
      {
        text:
          capital(leverOf(c, state.at) ?? "not there yet") +
          (move("tactic", c, state.at) ? ` (${move("tactic", c, state.at)})` : ""),
        class: "tip-score",
      },
      !missing(quality) && { text: `quality ${score(quality)} on its own examples` },
      !missing(payoff) && { text: `payoff ${money(payoff)}` },
      { text: "Click for its reasons", class: "quiet" },
    ],
    target.children[1].getBoundingClientRect(),
  );
}

function keys(event) {
  const node = event.target.closest(".node");
  if (!node) return;
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (event.key === "Enter" || event.key === " ") choose(Number(node.dataset.creator));
  else if (by) {
    const next = nodes[(Number(node.dataset.creator) + by + n) % n];
    node.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

export function startCreators() {
  const said = {
    none: "Nobody is tied to anybody.",
    everyone: edges.length ? "Everyone sees everyone." : "Everyone sees everyone; ties are not drawn.",
    many: `${count(n, "creator")}: too many ties to draw.`,
    drawn: "A line joins creators who see each other.",
  }[ties];
  byId("creators-note").textContent = n === 1 ? "" : `${said}${payoffs.length ? " Size goes with payoff." : ""}`;
  const start = (event) => {
    const node = event.target.closest?.(".node");
    if (node) tip(node);
    else hideTip();
  };
  for (const event of ["pointerover", "focusin"]) network.addEventListener(event, start);
  for (const event of ["pointerleave", "focusout"]) network.addEventListener(event, hideTip);
  network.addEventListener("click", (event) => {
    const node = event.target.closest(".node");
    if (!node) return;
    hideTip();
    choose(Number(node.dataset.creator));
  });
  network.addEventListener("keydown", keys);
  network.classList.toggle("gentle", n <= 60);
  list();
  width = network.clientWidth;
  draw();
  new ResizeObserver(() => {
    if (Math.abs(network.clientWidth - width) < 2) return;
    width = network.clientWidth;
    draw();
  }).observe(network);
  listen((what) => what !== "playing" && update());
}
