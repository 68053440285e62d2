// Numbers and lists as people read them. What is missing is a dash.

export const DASH = "–";

export const missing = (value) =>
  typeof value !== "number" && typeof value !== "boolean" ? true : !Number.isFinite(Number(value));

function fixed(value, places) {
  if (missing(value)) return DASH;
  const rounded = Number(value).toFixed(places);
  return Number(rounded) === 0 ? rounded.replace("-", "") : rounded.replace("-", "−");
}

// Three decimals below 10, two for tens, one for hundreds; a difference as the numbers it stands between.
const places = (size) => (size < 9.9995 ? 3 : size < 99.995 ? 2 : size < 999.95 ? 1 : 0);
export const score = (value, beside = value) => fixed(value, missing(value) ? 0 : places(Math.abs(beside)));
export const quality = (value) => fixed(value, 2);
export const money = (value) => fixed(value, 2);
export const share = (value) => (missing(value) ? DASH : `${fixed(100 * value, 0)}%`);
export const whole = (value) => (missing(value) ? DASH : (Math.round(value) + 0).toLocaleString("en"));
export const signed = (value, format) =>
  missing(value) ? DASH : (value > 0 && Number(format(value)) !== 0 ? "+" : "") + format(value);

// "a, b and c"; after `most` names "a, b and 7 more"; between names that have commas, semicolons.
export function list(names, most = 4) {
  if (names.length <= 1) return names.join("");
  const shown = names.length > most ? names.slice(0, most - 1) : names.slice(0, -1);
  const last = names.length > most ? `${names.length - shown.length} more` : names.at(-1);
  const between = names.some((name) => String(name).includes(",")) ? "; " : ", ";
  return `${shown.join(between)}${between === "; " ? ";" : ""} and ${last}`;
}

export const count = (n, one, several = `${one}s`) => `${whole(n)} ${n === 1 ? one : several}`;

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export const spaced = (name) => String(name).replace(/[_:]/g, " ");
