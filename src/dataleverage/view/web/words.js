// What happened, in sentences. Pieces are strings, or {strong, tone} for what carries the weight.

import { crowd, leverOf, levers, move, names, rounds, run, table } from "./data.js";
import { count, list, missing, money, share, spaced, whole } from "./format.js";
import { change, headline } from "./headline.js";
import { inSentence, withOwner } from "./owners.js";

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

// "ACD, without B"; "ABCD with C poisoned". `fate` says what became of an object that is out, where that is known.
export function rowWords(row, fate = () => "") {
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
  const fates = new Map();
  for (const name of absent) {
    const told = fate(objects.indexOf(name));
    fates.set(told, [...(fates.get(told) ?? []), name]);
  }
  for (const [told, gone] of fates) parts.push(told ? `${glue(gone)} ${told}` : `without ${glue(gone)}`);
  if (!absent.length && !bad.length && !many && objects.length > 1) parts.push("every object");
  return parts.join(single ? ", " : "; ");
}

// The row that an operator serves in round i, and what became of the rest; of a crowd, by how many objects it has.
export function rowServed(operator, i) {
  const words = operator.row[i];
  if (crowd) return crowd.rows[Number(words)];
  const held = operator.holdings.slice(0, i + 1).map((each) => variants(each ?? ""));
  return rowWords(variants(words), (j) =>
    held[i][j] ? "left out" : held.some((each) => each[j]) ? "struck" : "not held",
  );
}

const tactics = new Set((run.moves.tactic ?? []).filter(Boolean)).size;
const boycotts = (c, i) => move("use", c, i) === "none";

// What creator c does in round i that it did not do before, in words for one and for several; null for nothing.
function turn(c, i) {
  const [now, before] = [leverOf(c, i), leverOf(c, i - 1)];
  const where = run.operators.length > 1 ? move("target", c, i) : null;
  const how = tactics > 1 ? move("tactic", c, i) : null;
  const there = where === null || i === 1 || where === move("target", c, i - 1);
  const stays = now === before && there && (how === null || how === move("tactic", c, i - 1));
  const aside = (how ? ` (${spaced(how)})` : "") + (where ? ` ${TOWARDS[now] ?? "at"} ${where}` : "");
  const told = stays ? [] : [both((many) => verb(now, many, before !== now) + aside)];
  if (boycotts(c, i) !== boycotts(c, i - 1))
    told.push(boycotts(c, i) ? ["boycotts", "boycott"] : ["ends its boycott", "end their boycott"]);
  return told.length ? { lever: now, words: both((many) => told.map((each) => each[many === 1 ? 0 : 1]).join(" and ")) } : null;
}

const both = (words) => [words(1), words(2)];

// Who changed what it does in round i: "Ada deletes, Bela and Chen withhold".
export function changes(i) {
  if (i === 0) return "";
  if (crowd) return changesOfCrowd(i);
  const groups = new Map();
  const there = names.map((_, c) => c).filter((c) => leverOf(c, i) !== null);
  if (!there.length) return "";
  for (const c of there) {
    const found = turn(c, i);
    if (!found) continue;
    const key = `${found.lever}\n${found.words[0]}`;
    if (!groups.has(key)) groups.set(key, { words: found.words, who: [] });
    groups.get(key).who.push(c);
  }
  const parts = [...groups].sort(byLever).map(([, { words, who }]) => {
    const subject = who.length > 6 ? `${whole(who.length)} creators` : list(who.map(inSentence), 6);
    return `${subject} ${words[who.length === 1 ? 0 : 1]}`;
  });
  return parts.length ? `${parts.join("; ")}.` : "Nobody changes lever.";
}

function changesOfCrowd(i) {
  const parts = Object.entries(crowd.changes[i])
    .sort(byLever)
    .map(([lever, many]) => `${count(many, "creator")} ${verb(lever, many, true)}`);
  return parts.length ? `${parts.join("; ")}.` : "Nobody changes lever.";
}

export const TOWARDS = { delete: "from", redirect: "to" };

// `back`: who contributes did something else before.
const verb = (lever, many, back) =>
  lever === "contribute" && back
    ? many === 1
      ? "goes back to contributing"
      : "go back to contributing"
    : ((many === 1 ? DOES[lever] : DO[lever]) ?? lever);

const rank = (key) => (levers.indexOf(key.split("\n")[0]) + levers.length - 1) % levers.length; // going back comes last
const byLever = ([a], [b]) => rank(a) - rank(b);

// Whether round i serves the row and the score of the round before.
const still = (operator, i) =>
  i > 0 && operator.row[i] === operator.row[i - 1] && headline.of(operator, i) === headline.of(operator, i - 1);

export const nothingHappens = (operator, i) =>
  still(operator, i) && changes(i) === "Nobody changes lever." && !bought(i) && !organised(i);

// What the operator did in round i.
export function trained(operator, i) {
  const words = operator.row[i];
  if (words === null) return [`${operator.name} serves nothing yet.`];
  const row = rowServed(operator, i);
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
  told.push(".", keptOut(operator, i));
  return told;
}

// What the defence of an operator threw out in round i.
function keptOut(operator, i) {
  const [out, clean] = [operator.flagged[i], operator.false_positives[i]];
  if (!out) return "";
  const rightly = !clean ? "poisoned" : clean === out ? "clean" : `${whole(clean)} of them clean`;
  return ` Its defence throws out ${count(out, "object")}, ${rightly}.`;
}

const PAID = {
  bargain: "under an agreement",
  dividend: "in dividends",
  dues: "in dues",
  fine: "in fines",
  price: "for data",
  wage: "in wages",
};
const PAYERS = { dues: "creator", fine: "creator" };

// Who paid whom in round i, what was bought left to `bought`.
export function paid(i) {
  const lines = run.transfers.filter(([round, reason]) => round === rounds[i] && !(run.bought.length && reason === "price"));
  return lines
    .map(([, reason, amount, payers, payer, payees, payee]) => {
      const what = reason ? ` ${PAID[reason] ?? `in ${spaced(reason)}`}` : "";
      const from = payer ?? count(payers, PAYERS[reason] ?? "payer");
      return `${money(amount)}${what} from ${from} to ${payee ?? count(payees, PAYERS[reason] ? "payee" : "creator")}.`;
    })
    .map((line, k) => (k === 0 ? `Paid: ${line}` : line))
    .join(" ");
}

// What operators bought in round i.
export function bought(i) {
  return run.bought
    .filter(([round]) => round === rounds[i])
    .map(([, operator, found, price]) => `${operator} buys ${list(found.map(withOwner), 4)} for ${money(price)}.`)
    .join(" ");
}

// The terms of an agreement.
function agreed(rate, wage, promise) {
  const terms = [
    rate && `${share(rate)} of revenue for the members that contribute`,
    wage && `${money(wage)} a round for each member that contributes`,
    promise && `a promise worth ${money(promise)} to each member`,
  ].filter(Boolean);
  return terms.length ? `: ${terms.join(", ")}` : "";
}

// What collectives did in round i, and what became of their demands.
export function organised(i) {
  return run.collectives
    .filter(([round]) => round === rounds[i])
    .flatMap(([round, name, operator, members, called, followed, granted, ...terms]) => {
      const before = run.collectives.filter(([each, other]) => other === name && each < round).at(-1);
      const [, , , size, calls, , held] = before ?? [0, name, operator, members, 0, 0, false];
      return [
        granted && !held && `The agreement of ${operator} with ${name} begins${agreed(...terms)}.`,
        !granted && held && `${operator} breaks its agreement with ${name}.`,
        size !== members && `${name} has ${count(members, "member")}, ${whole(size)} before.`,
        called && `${name} calls ${count(called, "member")}${followed === called ? "" : `, of whom ${whole(followed)} follow${followed === 1 ? "s" : ""}`}.`,
        !called && calls && `${name} calls nobody any more.`,
      ].filter(Boolean);
    })
    .join(" ");
}

export function roundWords(operator, i) {
  const start = i === 0 && rounds[0] === 0 ? "Before anyone moves. " : "";
  const said = [organised(i), changes(i), bought(i)].filter(Boolean).map((text) => `${text} `);
  return [start + said.join(""), ...trained(operator, i)];
}
