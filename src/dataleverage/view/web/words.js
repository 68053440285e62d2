// What happened, in sentences. Pieces are strings, or {strong, tone} for what carries the weight.

import { last, leverOf, levers, main, move, names, rounds, run } from "./data.js";
import { capital, count, list, missing, money, score, share, signed, spaced, whole } from "./format.js";

const DOES = {
  contribute: "contributes",
  withhold: "withholds",
  delete: "deletes",
  poison: "poisons",
  redirect: "redirects",
};
const DO = { contribute: "contribute", withhold: "withhold", delete: "delete", poison: "poison", redirect: "redirect" };
const DID = {
  contribute: "contributed",
  withhold: "withheld new data",
  delete: "deleted their data",
  poison: "poisoned theirs",
  redirect: "took theirs elsewhere",
};

const objects = run.objects.object;
const single = run.objects.letters;
const glue = (chosen) => (single && chosen.length <= 16 ? chosen.join("") : list(chosen, 3));

export const metricName = (column) => spaced(column.metric);
export const columnName = (column) => (column.name === "all" ? "all examples" : column.name);

// The score that the sentences are about.
const headline = capital(metricName(main)) + (main.name === "all" ? "" : ` on ${main.name}`);

// A row as variants, from its words ("AC*D", "A+north*2").
const parsed = new Map();
export function variants(words) {
  if (!parsed.has(words)) {
    const row = Array(objects.length).fill(0);
    const parts = single ? (words.match(/.(?:\*\d*)?/gu) ?? []) : words.split("+").filter(Boolean);
    for (const part of parts) {
      const [, name, star, tactic] = part.match(/^(.*?)(?:(\*)(\d*))?$/u);
      row[objects.indexOf(name)] = star ? 1 + Number(tactic || 1) : 1;
    }
    parsed.set(words, row);
  }
  return parsed.get(words);
}

export const keyOf = (words) =>
  variants(words)
    .map((v) => Math.min(v, 35).toString(36))
    .join("");

// "ACD, B struck"; "ABCD, C poisoned".
export function rowWords(row) {
  const present = objects.filter((_, j) => row[j]);
  const absent = objects.filter((_, j) => !row[j]);
  const bad = objects.filter((_, j) => row[j] > 1);
  if (!present.length) return "no data at all";
  const many = present.length > (single ? 16 : 4);
  const head = many
    ? absent.length
      ? `${present.length} of ${objects.length} objects`
      : `all ${objects.length} objects`
    : glue(present);
  const spoiled = !bad.length ? "" : bad.length === present.length ? ", poisoned" : ` with ${glue(bad)} poisoned`;
  const parts = [head + spoiled];
  if (absent.length) parts.push(`${glue(absent)} struck`);
  else if (!bad.length && !many && objects.length > 1) parts.push("every object");
  return parts.join(single ? ", " : "; ");
}

// How a change reads: "0.049 worse"; the direction is the column's own.
export function change(from, to, column = main) {
  if (missing(from) || missing(to)) return null;
  const by = (to - from) * column.better;
  const size = score(Math.abs(by));
  if (Number(size) === 0) return { text: "unchanged", tone: "same", arrow: "=" };
  return by > 0
    ? { text: `${size} better`, tone: "better", arrow: "▲" }
    : { text: `${size} worse`, tone: "worse", arrow: "▼" };
}

export const served = (operator, i, column = main) => operator.score[column.name]?.[i] ?? null;

// Who changed lever in round i: "Ada deletes, Bela and Chen withhold".
export function changes(i) {
  if (i === 0) return "";
  const groups = new Map();
  let told = false;
  for (let c = 0; c < names.length; c += 1) {
    const now = leverOf(c, i);
    if (now === null) continue;
    told = true;
    const target = run.operators.length > 1 ? move("target", c, i) : null;
    if (now === leverOf(c, i - 1) && (target === null || i === 1 || target === move("target", c, i - 1))) continue;
    const key = `${now}\n${target ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), names[c]]);
  }
  if (!told) return "";
  const order = ([a], [b]) => rank(a) - rank(b);
  const rank = (key) => (levers.indexOf(key.split("\n")[0]) + levers.length - 1) % levers.length; // going back comes last
  const parts = [...groups].sort(order).map(([key, who]) => {
    const [lever, target] = key.split("\n");
    const subject = who.length > 6 ? `${whole(who.length)} creators` : list(who, 6);
    const verb =
      lever === "contribute"
        ? who.length === 1
          ? "goes back to contributing"
          : "go back to contributing"
        : ((who.length === 1 ? DOES[lever] : DO[lever]) ?? lever);
    return `${subject} ${verb}${target ? ` at ${target}` : ""}`;
  });
  return parts.length ? `${parts.join("; ")}.` : "Nobody changes lever.";
}

// Whether round i serves the row and the score of the round before.
const still = (operator, i) =>
  i > 0 && operator.row[i] === operator.row[i - 1] && served(operator, i) === served(operator, i - 1);

export const nothingHappens = (operator, i) => still(operator, i) && changes(i) === "Nobody changes lever.";

// What the operator did in round i.
export function trained(operator, i) {
  const words = operator.row[i];
  if (words === null) return [`${operator.name} serves nothing yet.`];
  const row = rowWords(variants(words));
  const value = served(operator, i);
  const size = missing(operator.examples[i]) ? "" : ` (${count(operator.examples[i], "example")})`;
  const again = operator.trained[i] === 0 || operator.trained[i] === false;
  if (still(operator, i)) return [`${operator.name} keeps serving ${row}, at `, { strong: score(value) }, "."];
  const verb = again ? `${operator.name} does not retrain and keeps serving` : `${operator.name} trains on`;
  const moved = i ? change(served(operator, i - 1), value) : null;
  const told = [`${verb} ${row}${again ? "" : size}. ${headline} `, { strong: score(value) }];
  if (moved && moved.tone !== "same") told.push(", ", { strong: `${moved.arrow} ${moved.text}`, tone: moved.tone });
  else if (moved) told.push(", unchanged");
  told.push(".");
  return told;
}

export function paid(i) {
  const lines = run.transfers.filter(([round]) => round === rounds[i]);
  return lines
    .map(([, reason, amount, payers, payer, payees, payee]) => {
      const what = reason ? ` as ${spaced(reason)}` : "";
      return `${money(amount)}${what} from ${payer ?? count(payers, "payer")} to ${payee ?? count(payees, "creator")}.`;
    })
    .map((line, k) => (k === 0 ? `Paid: ${line}` : line))
    .join(" ");
}

export function roundWords(operator, i) {
  const start = i === 0 && rounds[0] === 0 ? "Before anyone moves. " : "";
  const who = changes(i);
  return [start + (who ? `${who} ` : ""), ...trained(operator, i)];
}

// How far the result goes beyond this one world.
export function given() {
  const found = run.outcomes.find(([name, , mean]) => name === "score_change" && !missing(mean));
  if (!run.manifest.learner) return "Given this table of scores: nothing was trained.";
  if (run.worlds < 2) return "Given this world: one split of one data set was played.";
  if (!found) return `One of ${run.worlds} worlds played.`;
  const [, , mean, low, high] = found;
  return `One of ${run.worlds} worlds played; over all of them the score changes by ${signed(mean, score)} (95% interval ${signed(low, score)} to ${signed(high, score)}).`;
}

// The whole run in a sentence or two.
export function result(operator) {
  const first = served(operator, 0);
  const end = served(operator, last);
  const moved = change(first, end);
  const played = rounds[last] - (rounds[0] === 0 ? 0 : rounds[0] - 1);
  const name = headline;
  const told = [];
  if (missing(first) || missing(end)) told.push(`${count(played, "round")} played. `);
  else if (moved.tone === "same")
    told.push(`${name} ended where it began, at `, { strong: score(end) }, `, after ${count(played, "round")}. `);
  else
    told.push(
      `${name} ${end > first ? "rose" : "fell"} from `,
      { strong: score(first) },
      " to ",
      { strong: score(end), tone: moved.tone },
      ` in ${count(played, "round")}${main.better < 0 ? ` (${moved.text})` : ""}. `,
    );
  return [...told, ...struck(operator)];
}

function struck(operator) {
  const everUsed = new Map();
  const acted = new Set();
  for (let c = 0; c < names.length; c += 1)
    for (let i = 0; i <= last; i += 1) {
      const lever = leverOf(c, i);
      if (lever === null || lever === "contribute") continue;
      acted.add(c);
      if (!everUsed.has(lever)) everUsed.set(lever, new Set());
      everUsed.get(lever).add(c);
    }
  if (!acted.size)
    return [
      names.length === 1
        ? "The one creator contributed throughout."
        : `All ${whole(names.length)} creators contributed throughout.`,
    ];
  const who = [...everUsed]
    .sort(([a], [b]) => levers.indexOf(a) - levers.indexOf(b))
    .map(([lever, set]) => {
      const people = [...set].map((c) => names[c]);
      const subject = people.length > 3 ? `${whole(people.length)} of ${whole(names.length)} creators` : list(people);
      return `${subject} ${people.length === 1 ? (DID[lever] ?? lever).replace("their ", "its ").replace("theirs", "its own") : (DID[lever] ?? lever)}`;
    });
  const shares = rounds.map((_, i) => operator.acting[i] ?? 0);
  const top = Math.max(...shares);
  const peak = shares.indexOf(top);
  const end = shares[last];
  const tail =
    names.length === 1
      ? "."
      : end === 0
        ? `; everyone is back by the end.`
        : end >= top - 1e-9
          ? `; ${share(end)} act at the end, as many as ever.`
          : `; at most ${share(top)} acted at once, in round ${rounds[peak]}, and ${share(end)} still do at the end.`;
  return [who.join(", ") + tail];
}
