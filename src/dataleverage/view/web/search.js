// Finding rows: "A C -B" has A and C and not B; "north -press" goes by parts of longer names; "B*" is B poisoned.
// A creator's name stands for its objects: "archives 3" has one of them, "-archives 3" none.

import { names, run } from "./data.js";
import { owned } from "./owners.js";

const objects = run.objects.object;
const single = run.objects.letters;

export function matching(asked, rows) {
  const { rest, found: named } = creatorsIn(asked);
  const wanted = rest
    .split(/[\s,+]+/u)
    .filter(Boolean)
    .flatMap(terms)
    .concat(named);
  const found = [];
  rows.forEach((row, i) => wanted.every((term) => fits(term, row)) && found.push(i));
  return found;
}

const own = new Set(objects.map((name) => name.toLowerCase()));
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&");
const owners = names
  .map((name, c) => ({ name, at: owned[c] }))
  .filter(({ name, at }) => at.length && !own.has(name.toLowerCase()))
  .sort((a, b) => b.name.length - a.name.length)
  .map(({ name, at }) => ({ at, pattern: new RegExp(`(^|[\\s,+])([-−!]?)${escaped(name)}(\\*?)(?=$|[\\s,+])`, "giu") }));

// Whole names of creators, the longest first; what is left are other words.
function creatorsIn(asked) {
  const found = [];
  let rest = asked;
  for (const { at, pattern } of owners)
    rest = rest.replace(pattern, (_, before, without, star) => {
      found.push({ without: Boolean(without), bad: Boolean(star), at });
      return before;
    });
  return { rest, found };
}

// A part of a creator's name, where no object is called so.
const ownersLike = (part) =>
  names.flatMap((name, c) => (name.toLowerCase().includes(part.toLowerCase()) ? owned[c] : []));

const clip = (name) => (name.length > 10 ? name.slice(0, 10) : name);

// What may be typed, with the names of this very record.
export function example() {
  const [a, b, c] = objects.map(clip);
  if (objects.length < 2) return `Rows: ${a}`;
  const words = single && c ? `${a} ${c} −${b}` : `${a} −${b}`;
  const owner = owners.length ? names.find((name, i) => owned[i].length && !own.has(name.toLowerCase())) : null;
  return `Rows: ${words}${owner && owner.length <= 14 ? `, −${owner}` : ""}`;
}

function terms(word) {
  const without = /^[-−!]/u.test(word);
  const name = without ? word.slice(1) : word;
  if (!name) return [];
  const plain = name.replace(/\*$/u, "");
  const letters = single && [...plain].every((letter) => letter === "*" || own.has(letter.toLowerCase()));
  const like = positions(plain);
  if (!single || (!letters && plain.length > 1))
    return [{ without, bad: name.endsWith("*"), at: like.length ? like : ownersLike(plain) }];
  return [...name.matchAll(/(.)(\*?)/gu)].map(([, letter, star]) => ({
    without,
    bad: Boolean(star),
    at: positions(letter),
  }));
}

const positions = (part) => objects.flatMap((name, j) => (name.toLowerCase().includes(part.toLowerCase()) ? [j] : []));

function fits({ without, bad, at }, row) {
  const has = at.some((j) => (bad ? row[j] > 1 : row[j] > 0));
  return without ? !has : has;
}
