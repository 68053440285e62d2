// The record, unpacked once. Everything else reads it from here.

const read = (id) => JSON.parse(document.getElementById(id).textContent);

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PLACE = Object.fromEntries([...LETTERS].map((letter, i) => [letter, i]));

// Columns as `packing.py` writes them: numbers on a scale, runs with their lengths, texts by number, or letters.
function unpack(packed) {
  if (!packed) return [];
  if (packed.b) {
    const [wide, size] = [packed.l, (packed.high - packed.low) / (64 ** packed.l - 2)];
    return Array.from({ length: packed.b.length / wide }, (_, i) => {
      let place = 0;
      for (let k = 0; k < wide; k += 1) place = 64 * place + PLACE[packed.b[wide * i + k]];
      if (place === 0) return null;
      return packed.d ? packed.d[place - 1] / packed.s : packed.low + size * (place - 1);
    });
  }
  let values = packed.v;
  if (packed.n) values = values.flatMap((value, i) => Array(packed.n[i]).fill(value));
  if (packed.t) return values.map((v) => (v < 0 ? null : packed.t[v]));
  return packed.s ? values.map((v) => (v === null ? null : v / packed.s)) : values;
}

const mapped = (object, f) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, f(value)]));

export const run = read("data");
export const specs = read("charts-data");

run.operators = run.operators.map(({ name, share, score, ...rest }) => ({
  name,
  share: mapped(share, unpack),
  score: mapped(score, unpack),
  ...mapped(rest, unpack),
}));
const { worth, ...plain } = run.moves;
run.moves = { ...mapped(plain, unpack), worth: mapped(worth, unpack) };
for (const name of ["score", "seen"]) run.board[name] = unpack(run.board[name]);
for (const name of ["by", "looked", "monitor"]) run.board[name] = run.board[name].map(unpack);

// What is said of everyone where only a sample is shown one by one; null where all are shown.
export const crowd = run.crowd ? { ...run.crowd, payoff: unpack(run.crowd.payoff) } : null;

export const table = !run.manifest.learner; // nothing was trained: the scores were read
export const rounds = run.rounds;
export const last = Math.max(0, rounds.length - 1);
export const names = run.creators.creator;
export const levers = run.levers;
const moved = rounds.filter((number) => number > 0).length;
const offset = rounds.length - moved; // 1 where round 0 is in the record

// A creator's value at the i-th round of the record; before the first move there is none.
export function move(column, creator, i) {
  const values = run.moves[column];
  return i < offset || !values ? null : (values[creator * moved + i - offset] ?? null);
}

export function worths(creator, i) {
  if (i < offset) return [];
  return Object.entries(run.moves.worth)
    .map(([lever, values]) => [lever, values[creator * moved + i - offset] ?? null])
    .filter(([, value]) => value !== null);
}

// Before the first move everyone contributes.
export const leverOf = (creator, i) => move("lever", creator, i) ?? (i < offset ? "contribute" : null);

// The audit columns.
export const columns = run.columns.column.map((name, k) => ({
  name,
  at: k,
  metric: run.columns.metric?.[k] ?? "score",
  label: run.columns.label?.[k] ?? "score",
  weight: run.columns.weight?.[k] ?? 0,
  full: run.columns.full?.[k] ?? null,
  floor: run.columns.floor?.[k] ?? null,
  better: run.columns.greater_is_better?.[k] === false ? -1 : 1,
}));
export const main = columns[run.columns.main];
