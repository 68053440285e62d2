// One creator: its history and its reasons.

import { leverOf, move, names, rounds, run, table, worths } from "./data.js";
import { byId, el, replace } from "./dom.js";
import { DASH, count, missing, money, quality, score, share, spaced } from "./format.js";
import { leverMark } from "./lever.js";
import { objectsOf, owned, withObjects } from "./owners.js";
import { choose, listen, state } from "./player.js";
import { strip } from "./strip.js";
import { TOWARDS } from "./words.js";

const holder = byId("creator");
const of = (name, c) => run.creators[name]?.[c] ?? null;

function who(c) {
  const parts = [of("group", c), of("strategy", c) && `plays ${spaced(of("strategy", c))}`];
  if (of("objects", c)) {
    const told = owned[c].length ? objectsOf(c, 8) || names[c] : of("objects", c);
    parts.push(
      `owns ${told}${table || missing(of("examples", c)) ? "" : ` (${count(of("examples", c), "example")})`}`,
    );
  } else parts.push("owns no data");
  return parts.filter(Boolean).join(" · ");
}

// What `saw` is, by strategy.
const SAW = {
  threshold: (value) => `It saw ${share(value)} acting`,
  imitation: (value) => `The neighbour it looked at had been paid ${money(Math.abs(value))} ${value < 0 ? "less" : "more"}`,
  reservation: (value) => `It had been paid ${money(value)}`,
};

function why(c, i) {
  const lever = leverOf(c, i);
  if (lever === null) return "Not there in this round.";
  if (move("lever", c, i) === null) return "Nobody has moved yet.";
  const [saw, threshold, target, tactic] = [
    move("saw", c, i),
    of("threshold", c),
    move("target", c, i),
    move("tactic", c, i),
  ];
  const boycott = move("use", c, i) === "none" ? " and to boycott" : "";
  const what = `${lever}${tactic ? ` (${spaced(tactic)})` : ""}${target ? ` ${TOWARDS[lever] ?? "at"} ${target}` : ""}${boycott}`;
  const seen = missing(saw) ? "" : ` ${(SAW[of("strategy", c)] ?? SAW.threshold)(saw)}`;
  const bar = missing(threshold) ? "" : `${seen ? "; it acts from" : " It acts from"} ${share(threshold)}`;
  return `Chose to ${what}.${seen}${bar}${seen || bar ? "." : ""}`;
}

function weighed(c, i) {
  const found = worths(c, i);
  if (!found.length) return [el("p", { class: "quiet small" }, "Its strategy weighed nothing in this round.")];
  const values = found.map(([, value]) => value);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const span = high - low || 1;
  const best = Math.max(...values);
  const lever = leverOf(c, i);
  return [
    el("h4", {}, "What each move was worth to it"),
    el(
      "table",
      { class: "worths" },
      found.map(([name, value]) =>
        el(
          "tr",
          { class: name === lever || name === `${lever} ${move("tactic", c, i)}` ? "chosen" : "" },
          el("th", { scope: "row" }, spaced(name)),
          el(
            "td",
            { class: "worth-bar" },
            el("i", {
              css: {
                left: `${(100 * (Math.min(0, value) - low)) / span}%`,
                width: `${(100 * Math.abs(value)) / span}%`,
              },
            }),
          ),
          el("td", { class: "number" }, score(value)),
          el("td", { class: "quiet" }, value === best ? "best" : ""),
        ),
      ),
    ),
  ];
}

function facts(c, i) {
  const judged = of("judged_on", c);
  const pairs = [
    [judged ? `Quality on ${judged === "all" ? "all examples" : judged}` : "Quality", quality(move("quality", c, i))],
    ["Transfers", money(move("transfers", c, i))],
    ["Cost", money(move("cost", c, i))],
    ["Payoff", money(move("payoff", c, i))],
    ["Uses", move("use", c, i) ?? DASH],
  ];
  return el(
    "dl",
    { class: "facts" },
    pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

function show() {
  const c = state.creator;
  holder.hidden = c === null;
  if (c === null) return;
  const lever = leverOf(c, state.at);
  replace(
    holder,
    el(
      "div",
      { class: "creator-head" },
      lever && leverMark(lever),
      el("h3", {}, withObjects(c)),
      el(
        "button",
        { type: "button", class: "plain", "aria-label": `Close ${names[c]}`, on: { click: () => choose(c) } },
        "Close",
      ),
    ),
    el("p", { class: "quiet" }, who(c)),
    el("div", { class: "move-strip tall", css: { "--now": `${(100 * (state.at + 0.5)) / rounds.length}%` } }, strip(c)),
    el("p", { class: "why" }, el("strong", {}, `Round ${rounds[state.at]}. `), why(c, state.at)),
    facts(c, state.at),
    weighed(c, state.at),
  );
}

export function startCreator() {
  listen((what) => what !== "playing" && show());
}
