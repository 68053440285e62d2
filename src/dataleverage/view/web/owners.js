// Who owns which objects, so that the letters of rows and the names of creators can stand side by side.

import { names, run } from "./data.js";
import { list } from "./format.js";

const SHORT = 12; // characters of objects that fit beside a name
const objects = run.objects.object;
const owners = run.objects.owner ?? [];
const place = new Map(names.map((name, c) => [name, c]));

export const owned = names.map(() => []);
owners.forEach((owner, j) => owned[place.get(owner)]?.push(j));

// "E", "AC", "north and south"; empty where there are none, or where the one is called like its owner.
export function objectsOf(c, most = 3) {
  const found = owned[c].map((j) => objects[j]);
  if (!found.length || (found.length === 1 && found[0] === names[c])) return "";
  return run.objects.letters && found.length <= 16 ? found.join("") : list(found, most);
}

const brief = (c) => {
  const text = objectsOf(c);
  return text.length <= SHORT ? text : "";
};

// "archives 3 · E" where it stands alone, "archives 3 (E)" in a sentence.
export const withObjects = (c) => (brief(c) ? `${names[c]} · ${brief(c)}` : names[c]);
export const inSentence = (c) => (brief(c) ? `${names[c]} (${brief(c)})` : names[c]);

// "E (archives 3)", or the object alone where it is called like its owner.
export const withOwner = (j) =>
  owners[j] && owners[j] !== objects[j] ? `${objects[j]} (${owners[j]})` : String(objects[j]);

// "A (activists 1); C (archives 1); and 3 more"
export function withOwners(places, most) {
  const told = places.slice(0, most).map(withOwner);
  if (places.length > most) told.push(`and ${places.length - most} more`);
  return told.join("; ");
}
