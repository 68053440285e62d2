// Every round in words; the current one stands out, a click goes to it.

import { rounds } from "./data.js";
import { byId, el, replace, rich } from "./dom.js";
import { go, listen, operator, pause, state } from "./player.js";
import { bought, changes, nothingHappens, organised, paid, trained } from "./words.js";

const holder = byId("ledger");
let lines = [];

function draw() {
  lines = rounds.map((number, i) =>
    el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: nothingHappens(operator(), i) ? "entry still" : "entry",
          "data-round": number,
          on: {
            click: () => {
              pause();
              go(i);
            },
          },
        },
        el("span", { class: "entry-number" }, String(number)),
        el(
          "span",
          { class: "entry-words" },
          organised(i) && el("span", {}, `${organised(i)} `),
          el("span", { class: "entry-who" }, i === 0 && number === 0 ? "Before anyone moves." : changes(i)),
          " ",
          bought(i) && el("span", {}, `${bought(i)} `),
          el("span", {}, rich(trained(operator(), i))),
          paid(i) && el("span", { class: "quiet" }, ` ${paid(i)}`),
        ),
      ),
    ),
  );
  replace(holder, lines);
  update();
}

function update() {
  lines.forEach((line, i) => {
    const button = line.firstChild;
    if (i === state.at) {
      button.setAttribute("aria-current", "step");
      requestAnimationFrame(() => reveal(line));
    } else button.removeAttribute("aria-current");
  });
}

// Scrolls the list alone, never the page. Measuring waits until everything else is drawn.
function reveal(line) {
  const [top, bottom] = [line.offsetTop, line.offsetTop + line.offsetHeight];
  if (top < holder.scrollTop || bottom > holder.scrollTop + holder.clientHeight)
    holder.scrollTop = top - holder.clientHeight / 3;
}

export function startLedger() {
  draw();
  listen((what) => (what === "round" ? update() : what === "operator" && draw()));
}
