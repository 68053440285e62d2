// The whole run in a sentence or two, and how far it goes beyond this one world.

import { crowd, last, leverOf, levers, move, names, rounds, run } from "./data.js";
import { count, list, missing, share, signed, whole } from "./format.js";
import { byQuality, change, headline } from "./headline.js";

const DID = {
  contribute: "contributed",
  withhold: "withheld new data",
  delete: "deleted their data",
  poison: "poisoned theirs",
  redirect: "took theirs elsewhere",
  boycott: "used no operator",
};

// The mean over worlds and its interval, which is left out where nothing varies.
export function overWorlds([mean, low, high], tell) {
  const [from, to] = [tell(low), tell(high)];
  return from === to ? `${tell(mean)} in each` : `${tell(mean)} (mean; 95% interval of the mean ${from} to ${to})`;
}

export function given() {
  const [wanted, sign] = byQuality ? ["deletion_leverage", -1] : ["score_change", 1];
  const found = run.outcomes.find(([name, , mean]) => name === wanted && !missing(mean));
  if (!run.manifest.learner) return "Given this table of scores: nothing was trained.";
  if (run.worlds < 2) return "Given this world: one split of one data set was played.";
  if (!found) return `One of ${run.worlds} worlds played.`;
  const ends = [found[3], found[4]].map((v) => v * sign).sort((a, b) => a - b);
  const told = overWorlds([found[2] * sign, ...ends], (v) => signed(v, headline.tell));
  return `One of ${run.worlds} worlds played; over all of them ${byQuality ? "quality" : "the score"} changes by ${told}.`;
}

// The worst value on the way, where it prints worse than both ends.
function worst(values, first, end) {
  const known = values.map((v, i) => [v, i]).filter(([v]) => !missing(v));
  const [low, at] = known.reduce((a, b) => ((b[0] - a[0]) * headline.better < 0 ? b : a));
  const told = headline.tell(low);
  const below = [first, end].every((v) => told !== headline.tell(v));
  return below ? [`the worst in between was `, { strong: told, tone: "worse" }, `, in round ${rounds[at]}`] : [];
}

export function result(operator) {
  const values = rounds.map((_, i) => headline.of(operator, i));
  const [first, end] = [values[0], values[last]];
  const moved = change(first, end);
  const played = rounds[last] - (rounds[0] === 0 ? 0 : rounds[0] - 1);
  if (missing(first) || missing(end)) return [`${count(played, "round")} played. `, ...struck(operator)];
  const between = worst(values, first, end);
  const aside = between.length ? ["; ", ...between] : [];
  if (moved.tone === "same")
    return [
      `${headline.name} ended where it began, at `,
      { strong: headline.tell(end) },
      `, after ${count(played, "round")}`,
      ...aside,
      ". ",
      ...struck(operator),
    ];
  let since = last; // the round from which on it stands at its end
  while (since > 0 && headline.tell(values[since - 1]) === headline.tell(end)) since -= 1;
  return [
    `${headline.name} ${end > first ? "rose" : "fell"} from `,
    { strong: headline.tell(first) },
    " to ",
    { strong: headline.tell(end), tone: moved.tone },
    since < last ? ` by round ${rounds[since]}` : ` in ${count(played, "round")}`,
    headline.better < 0 ? ` (${moved.text})` : "",
    ...aside,
    ". ",
    ...struck(operator),
  ];
}

// How many pulled each lever at any time, and how many any of them but contribute.
function pulled() {
  if (crowd) {
    const many = Object.entries(crowd.pulled).filter(([, count]) => count);
    return { everyone: crowd.creators, acted: crowd.acted, who: new Map(many.map(([lever, count]) => [lever, { size: count }])) };
  }
  const everUsed = new Map();
  const acted = new Set();
  for (let c = 0; c < names.length; c += 1)
    for (let i = 0; i <= last; i += 1) {
      const did = [leverOf(c, i), move("use", c, i) === "none" ? "boycott" : null];
      for (const each of did) {
        if (each === null || each === "contribute") continue;
        acted.add(c);
        if (!everUsed.has(each)) everUsed.set(each, new Set());
        everUsed.get(each).add(c);
      }
    }
  return { everyone: names.length, acted: acted.size, who: everUsed };
}

const place = (lever) => (lever === "boycott" ? levers.length : levers.indexOf(lever));

function struck(operator) {
  const { everyone, acted, who: everUsed } = pulled();
  if (!acted)
    return [
      everyone === 1
        ? "The one creator contributed throughout."
        : `All ${whole(everyone)} creators contributed throughout.`,
    ];
  const who = [...everUsed]
    .sort(([a], [b]) => place(a) - place(b))
    .map(([lever, people]) => {
      const subject =
        people.size > 3 || crowd
          ? `${whole(people.size)} of ${whole(everyone)} creators`
          : list([...people].map((c) => names[c]));
      return `${subject} ${people.size === 1 ? (DID[lever] ?? lever).replace("their ", "its ").replace("theirs", "its own") : (DID[lever] ?? lever)}`;
    });
  const shares = rounds.map((_, i) => operator.acting[i] ?? 0);
  const top = Math.max(...shares);
  const peak = shares.indexOf(top);
  const end = shares[last];
  const tail =
    everyone === 1
      ? "."
      : end === 0
        ? `; everyone is back by the end.`
        : end >= top - 1e-9
          ? `; ${share(end)} act at the end, the most at any time.`
          : `; at most ${share(top)} acted at once, in round ${rounds[peak]}, and ${share(end)} still do at the end.`;
  return [who.join(", ") + tail];
}
