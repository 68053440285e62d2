// The creators: who sees whom, what each does this round, and what it gets.

import { crowd, last, leverOf, levers, move, names, run } from "./data.js";
import { byId, el, replace, svg } from "./dom.js";
import { capital, count, missing, money, quality, whole } from "./format.js";
import { leverClass, leverMark, leverPath } from "./lever.js";
import { objectsOf, withObjects } from "./owners.js";
import { choose, listen, operator, state } from "./player.js";
import { strip } from "./strip.js";
import { hideTip, showTip } from "./tooltip.js";

const MOST_NAMED = 16;
const MOST_LISTED = 60;
const IN_VIEW = 20; // rows of the list that fit into its box
const LONGEST = 20; // characters of a label
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

const clipped = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

// Where a label stands: outside a ring, else below its node, and never over the edge.
function labelAt(ring, c, x, text) {
  const [dx, dy] = [2 * xs[c] - 1, 2 * ys[c] - 1];
  const gap = radius * 1.35 + 5;
  const half = 3.3 * text.length;
  if (ring && Math.abs(dx) > 0.25 && x - half * 2 - gap > 0 && x + half * 2 + gap < width)
    return { x: dx * gap, y: dy * gap + 4, "text-anchor": dx > 0 ? "start" : "end" };
  const push = Math.max(0, half - x) - Math.max(0, x + half - width);
  return { x: push, y: ring && dy < 0 ? -gap : radius * 1.3 + 11, "text-anchor": "middle" };
}

function draw() {
  const named = n <= MOST_NAMED;
  const ring = layout === "circle" && n > 2;
  const height =
    n === 1
      ? 110
      : layout === "grid"
        ? Math.min(420, Math.max(160, width * 0.62))
        : ring
          ? Math.max(230, Math.min(420, width - (named ? 150 : 30)))
          : Math.min(400, Math.max(230, width * 0.62));
  radius =
    layout === "grid"
      ? Math.max(2.6, Math.min(8, 0.3 * Math.sqrt((width * height) / n)))
      : Math.max(4, Math.min(11, 46 / Math.sqrt(n)));
  const [padX, padY] = [named ? 48 : 22, ring ? 38 : 26];
  const across = height / 2 - padY; // a ring is round
  const spot = (c) =>
    ring
      ? [width / 2 + (2 * xs[c] - 1) * across, height / 2 + (2 * ys[c] - 1) * across]
      : [padX + xs[c] * (width - 2 * padX), padY - (named ? 6 : 0) + ys[c] * (height - 2 * padY - (named ? 4 : 0))];
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
    const text = clipped(withObjects(c));
    const at = labelAt(ring, c, x, text);
    const short = objectsOf(c);
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
      named
        ? svg("text", at, text)
        : layout !== "grid" && [
            short.length > 0 && short.length <= 2 && svg("text", { ...labelAt(ring, c, x, short), class: "usual" }, short),
            svg("text", { ...at, class: "asked" }, text),
          ],
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
    node.setAttribute("aria-label", `${withObjects(c)}: ${lever ?? "not there yet"}`);
    node.setAttribute("aria-pressed", String(state.creator === c));
    node.classList.toggle("chosen", state.creator === c);
  }
  if (crowd) {
    const share = (lever) => operator().share[lever]?.[state.at] ?? 0;
    for (const lever of levers) counts.set(lever, Math.round(share(lever) * crowd.creators));
    told = crowd.creators;
    acting = told - counts.get("contribute");
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
    el(
      "h3",
      {},
      "Round by round",
      n > IN_VIEW + 4 && el("span", { class: "quiet" }, ` · about ${IN_VIEW} of ${n} in view, scroll for the others`),
    ),
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
        el("span", { class: "move-name", title: withObjects(c) }, withObjects(c)),
        el("span", { class: "move-strip" }, strip(c)),
      ),
    ),
  );
}

function judged(c) {
  const column = run.creators.judged_on?.[c];
  return column === "all" ? "all examples" : column ? `column ${column}` : "its own examples";
}

function tip(target) {
  const c = Number(target.dataset.creator);
  const payoff = move("payoff", c, state.at);
  const reached = move("quality", c, state.at);
  showTip(
    [
      { text: withObjects(c) },
      {
        text:
          capital(leverOf(c, state.at) ?? "not there yet") +
          (move("tactic", c, state.at) ? ` (${move("tactic", c, state.at)})` : ""),
        class: "tip-score",
      },
      !missing(reached) && { text: `quality ${quality(reached)} on ${judged(c)}` },
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
  const shown = crowd && n < crowd.creators && `${whole(n)} of ${whole(crowd.creators)} creators are shown, evenly from each group; counts are of all.`;
  byId("creators-note").textContent = n === 1 ? "" : `${shown || said}${payoffs.length ? " Size goes with payoff." : ""}`;
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
