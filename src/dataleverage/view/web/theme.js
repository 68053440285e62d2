// Light or dark: the reader's system decides until the reader does.

import { byId } from "./dom.js";

const KEY = "dataleverage-theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
let chosen = null;

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage may be closed to files
  }
}

function apply() {
  const dark = chosen ? chosen === "dark" : system.matches;
  if (chosen) document.documentElement.setAttribute("data-theme", chosen);
  byId("theme").setAttribute("aria-pressed", String(dark));
}

export function startTheme() {
  chosen = ["light", "dark"].find((name) => name === remembered()) ?? null;
  apply();
  system.addEventListener("change", apply);
  byId("theme").addEventListener("click", () => {
    chosen = byId("theme").getAttribute("aria-pressed") === "true" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // not remembered, but applied
    }
    apply();
  });
}
