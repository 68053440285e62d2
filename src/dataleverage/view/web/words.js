// What happened, in sentences. Pieces are strings, or {strong, tone} for what carries the weight.

import { crowd, leverOf, levers, move, names, rounds, run, table } from "./data.js";
import { count, list, missing, money, spaced, whole } from "./format.js";
import { change, headline } from "./headline.js";
import { inSentence } from "./owners.js";

const DOES = {
  contribute: "contributes",
  withhold: "withholds",
  delete: "deletes",
  poison: "poisons",
  redirect: "redirects",
};
const DO = { contribute: "contribute", withhold: "withhold", delete: "delete", poison: "poison", redirect: "redirect" };
const objects = run.objects.object;
const single = run.objects.letters;
const glue = (chosen) => (single && chosen.length <= 16 ? chosen.join("") : list(chosen, 3));

export const columnName = (column) => (column.name === "all" ? "all examples" : column.name);

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

// The row that an operator serves, from its words; of a crowd, by how many objects it has.
export const rowServed = (words) => (crowd ? crowd.rows[Number(words)] : rowWords(variants(words)));

// Who changed lever in round i: "Ada deletes, Bela and Chen withhold".
export function changes(i) {
  if (i === 0) return "";
  if (crowd) return changesOfCrowd(i);
  const groups = new Map();
  let told = false;
  for (let c = 0; c < names.length; c += 1) {
    const now = leverOf(c, i);
    if (now === null) continue;
    told = true;
    const target = run.operators.length > 1 ? move("target", c, i) : null;
    if (now === leverOf(c, i - 1) && (target === null || i === 1 || target === move("target", c, i - 1))) continue;
    const key = `${now}\n${target ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), c]);
  }
  if (!told) return "";
  const parts = [...groups].sort(byLever).map(([key, who]) => {
    const [lever, target] = key.split("\n");
    const subject = who.length > 6 ? `${whole(who.length)} creators` : list(who.map(inSentence), 6);
    return `${subject} ${verb(lever, who.length)}${target ? ` at ${target}` : ""}`;
  });
  return parts.length ? `${parts.join("; ")}.` : "Nobody changes lever.";
}

function changesOfCrowd(i) {
  const parts = Object.entries(crowd.changes[i])
    .sort(byLever)
    .map(([lever, many]) => `${count(many, "creator")} ${verb(lever, many)}`);
  return parts.length ? `${parts.join("; ")}.` : "Nobody changes lever.";
}

const verb = (lever, many) =>
  lever === "contribute"
    ? many === 1
      ? "goes back to contributing"
      : "go back to contributing"
    : ((many === 1 ? DOES[lever] : DO[lever]) ?? lever);

const rank = (key) => (levers.indexOf(key.split("\n")[0]) + levers.length - 1) % levers.length; // going back comes last
const byLever = ([a], [b]) => rank(a) - rank(b);

// Whether round i serves the row and the score of the round before.
const still = (operator, i) =>
  i > 0 && operator.row[i] === operator.row[i - 1] && headline.of(operator, i) === headline.of(operator, i - 1);

export const nothingHappens = (operator, i) => still(operator, i) && changes(i) === "Nobody changes lever.";

// What the operator did in round i.
export function trained(operator, i) {
  const words = operator.row[i];
  if (words === null) return [`${operator.name} serves nothing yet.`];
  const row = rowServed(words);
  const value = headline.of(operator, i);
  const size = table || missing(operator.examples[i]) ? "" : ` (${count(operator.examples[i], "example")})`;
  const again = operator.trained[i] === 0 || operator.trained[i] === false;
  if (still(operator, i)) return [`${operator.name} keeps serving ${row}, at `, { strong: headline.tell(value) }, "."];
  const verb = table
    ? again
      ? "keeps serving"
      : "reads row"
    : again
      ? "does not retrain and keeps serving"
      : "trains on";
  const moved = i ? change(headline.of(operator, i - 1), value) : null;
  const told = [`${operator.name} ${verb} ${row}${again ? "" : size}. ${headline.name} `, { strong: headline.tell(value) }];
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
