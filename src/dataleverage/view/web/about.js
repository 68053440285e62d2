// What this run is, where it comes from, what was held fixed, and what it does not show.

import { crowd, main, names, rounds, run, table } from "./data.js";
import { byId, el, replace } from "./dom.js";
import { DASH, capital, count, missing, money, score, spaced, whole } from "./format.js";
import { overWorlds } from "./result.js";

const { manifest } = run;

const TERMS = [
  ["world", "one split of the data into objects, training and evaluation examples"],
  ["row", "a training set: which objects are in it, and how each is present (clean, or poisoned)"],
  ["column", "what the model is scored on: a slice of the evaluation examples, and a metric"],
  [
    "cell",
    `the score of the model trained on a row, measured on a column; unveiling it means ${table ? "reading it from the table" : "training"}`,
  ],
  [
    "audit, monitor",
    "the evaluation examples results are reported on, and those operators may look at; never the same",
  ],
  [
    "quality",
    "1 is the model of all data; for everyone's examples together 0 is guessing. A creator's own quality counts in the same steps, from what all data give on its examples, so guessing on those need not be 0. Company view: only the examples of creators it still holds data of",
  ],
  [
    "leverage",
    "1 − quality of everyone's examples together: the share of the gap between guessing and all data that the creators' moves took away",
  ],
  ["lever", "what a creator does with its data in a round: contribute, withhold new data, delete, or poison it"],
];

const REASONS = {
  rounds: "all rounds were played",
  fixed_point: "nothing moved any more",
  cycle: "the moves went round in a cycle",
  demand_won: "a demand was won",
  demand: "a demand was won",
  budget: "a budget was used up",
  budget_gone: "the operator's budget was gone",
};

function tell(value) {
  if (value === null || value === undefined || value === "") return DASH;
  if (typeof value === "number") return Number.isInteger(value) ? whole(value) : score(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length ? value.map(tell).join("; ") : DASH;
  if (typeof value === "object")
    return (
      Object.entries(value)
        .map(([k, v]) => `${spaced(k)} ${tell(v)}`)
        .join(", ") || DASH
    );
  return String(value);
}

// The beginning of a fingerprint tells it from others.
const brief = (value) => (typeof value === "string" && value.length > 20 ? value.slice(0, 16) : tell(value));

function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return known.length
    ? el("dl", { class: "pairs" }, known.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]).flat())
    : null;
}

function part(title, ...content) {
  const there = content.flat().filter(Boolean);
  return there.length ? el("section", {}, el("h3", {}, title), there) : null;
}

function stopped() {
  const { reason, round, period } = manifest.stopped ?? {};
  if (!reason) return null;
  const why = REASONS[reason.replaceAll(" ", "_")] ?? spaced(reason);
  return `After round ${missing(round) ? rounds.at(-1) : round}: ${why}${period ? `, of ${count(period, "round")}` : ""}.`;
}

function gap() {
  const { floor, full, gap: size, gap_se: error } = manifest.normalisation ?? {};
  if (missing(size)) return null;
  const [low, high] = [floor, full].map((value) => (value && typeof value === "object" ? value[main.name] : value));
  const ends =
    missing(low) || missing(high) ? "" : `: from ${score(low)} (guessing) to ${score(high)} (every object, clean)`;
  return `Quality is measured on a gap of ${score(Math.abs(size))}${missing(error) ? "" : ` ± ${score(error)}`}${ends}.`;
}

function worlds() {
  if (!manifest.learner)
    return "The scores are a table: nothing was trained, and rows that the table does not have cannot be visited.";
  if (run.worlds < 2)
    return "One world was played: everything here holds given this world, one split of one data set. Another split would give other numbers.";
  return `${count(run.worlds, "world")} were played, each another split of the same data; all that moves on this page is one of them.`;
}

function outcome([name, value, mean, low, high]) {
  const over = missing(mean)
    ? ""
    : `; over ${count(run.worlds, "world")} ${overWorlds([mean, low, high], score(low) === score(high) ? tell : score)}`;
  return [capital(spaced(name)), tell(value) + over];
}

function limits() {
  const learner = run.scenario.find(([name]) => name === "learner")?.[1];
  return [
    worlds(),
    learner ? `It holds for this learner: ${learner}. Another model may need the same data more, or less.` : null,
    `Scores are ${main.label}; harm that this metric and these columns do not see is not shown.`,
    "Creators follow the strategies written in the scenario; people may not.",
    crowd &&
      `Of ${count(crowd.creators, "creator")} and ${count(crowd.objects, "object")} this page shows ${whole(names.length)} and ${whole(run.objects.object.length)} one by one; sentences, charts and counts are of all, and the record has every move.`,
    gap(),
  ].filter(Boolean);
}

export function startAbout() {
  const { cells = {}, versions = {}, warnings = [] } = manifest;
  replace(
    byId("about"),
    part(
      "The story",
      manifest.about &&
        String(manifest.about)
          .trim()
          .split(/\n\s*\n/u)
          .map((text) => el("p", {}, text)),
      manifest.source && el("p", { class: "quiet" }, `Source: ${manifest.source}`),
    ),
    part("Why it stopped", stopped() && el("p", {}, stopped())),
    part(
      "Warnings",
      warnings.length
        ? el(
            "ul",
            {},
            warnings.map((text) => el("li", {}, tell(text))),
          )
        : null,
    ),
    part(
      "What this does not show",
      el(
        "ul",
        {},
        limits().map((text) => el("li", {}, text)),
      ),
    ),
    part("Outcomes", facts(run.outcomes.map(outcome))),
    part("Held fixed", facts(run.scenario.map(([name, text]) => [capital(spaced(name)), text]))),
    part("Words", facts(TERMS.map(([name, text]) => [capital(name), text]))),
    part(
      "Made by",
      facts([
        ["Data", manifest.data_title],
        ["Seeds", `play ${tell(manifest.seed)}, world ${tell(manifest.data_seed)}`],
        ["World", manifest.world && brief(manifest.world)],
        ["Learner", manifest.learner && brief(manifest.learner)],
        [
          "Cells",
          missing(cells.trained)
            ? null
            : `${whole(cells.trained)} rows ${table ? "read" : "trained"}, ${whole(cells.served_again ?? 0)} served again`,
        ],
        ["Time", missing(manifest.wall_seconds) ? null : `${money(manifest.wall_seconds)} s`],
        [
          "Versions",
          Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(", "),
        ],
      ]),
    ),
  );
}
