// Finding rows: "A C -B" has A and C and not B; "north -press" goes by parts of longer names; "B*" is B poisoned.

import { run } from "./data.js";

const objects = run.objects.object;
const single = run.objects.letters;

export function matching(asked, rows) {
  const wanted = asked
    .split(/[\s,+]+/u)
    .filter(Boolean)
    .flatMap(terms);
  const found = [];
  rows.forEach((row, i) => wanted.every((term) => fits(term, row)) && found.push(i));
  return found;
}

function terms(word) {
  const without = /^[-−!]/u.test(word);
  const name = without ? word.slice(1) : word;
  if (!name) return [];
  if (!single) return [{ without, bad: name.endsWith("*"), at: positions(name.replace(/\*$/u, "")) }];
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
