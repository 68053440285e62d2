// Puts the parts of the page together: the heading, the controls, the keyboard, the address.

import { startAbout } from "./about.js";
import { startBoard } from "./board.js";
import { startCreator } from "./creator.js";
import { startCreators } from "./creators.js";
import { last, rounds, run } from "./data.js";
import { byId, el, plainText, replace, rich } from "./dom.js";
import { startLedger } from "./ledger.js";
import { startLines } from "./lines.js";
import { goToNumber, listen, lookAt, operator, setSpeed, state, step, toggle } from "./player.js";
import { given, result } from "./result.js";
import { startTheme } from "./theme.js";
import { startTimeline } from "./timeline.js";
import { roundWords } from "./words.js";

function heading() {
  byId("title").textContent = run.manifest.title || "A run";
  byId("kicker").textContent = ["A data leverage game", run.manifest.data_title].filter(Boolean).join(" · ");
  replace(byId("result"), rich(result(operator())));
  byId("given").textContent = given();
}

function controls() {
  byId("play").addEventListener("click", toggle);
  byId("back").addEventListener("click", () => step(-1));
  byId("forward").addEventListener("click", () => step(1));
  byId("speed").addEventListener("change", (event) => setSpeed(Number(event.target.value)));
  if (run.operators.length > 1) {
    byId("operator-choice").hidden = false;
    replace(
      byId("operator"),
      run.operators.map(({ name }, i) => el("option", { value: i }, name)),
    );
    byId("operator").addEventListener("change", (event) => lookAt(Number(event.target.value)));
  }
}

function keyboard(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.closest("input[type=search], select")) return;
  const onButton = event.target.closest("button, a");
  const onSlider = event.target.id === "slider";
  const act = {
    " ": onButton ? null : toggle,
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    Home: () => step(-last - 1),
    End: () => step(last + 1),
  }[event.key];
  if (!act || (onSlider && event.key !== " ")) return;
  event.preventDefault();
  act();
}

function update() {
  const [number, end] = [rounds[state.at], rounds[last]];
  byId("round-number").textContent = String(number);
  byId("round-of").textContent = `of ${end}`;
  byId("now").textContent = plainText(roundWords(operator(), state.at));
  byId("back").disabled = state.at === 0;
  byId("forward").disabled = state.at === last;
}

function playing() {
  byId("play").setAttribute("aria-label", state.playing ? "Pause" : "Play");
  byId("play").classList.toggle("is-playing", state.playing);
  // While it plays, a reader of the screen would be told every second.
  byId("now").setAttribute("aria-live", state.playing ? "off" : "polite");
}

let writing = 0;
function address() {
  clearTimeout(writing);
  writing = setTimeout(() => {
    try {
      history.replaceState(null, "", `#round=${rounds[state.at]}`);
    } catch {
      // an address that cannot be written is no reason to stop
    }
  }, 150);
}

function fromAddress() {
  const found = /(?:^|[#&])round=(\d+)/u.exec(location.hash);
  if (found) goToNumber(Number(found[1]));
}

fromAddress();
startTheme();
heading();
controls();
update();
playing();
startTimeline();
startBoard();
startCreators();
startCreator();
startLedger();
startAbout();
startLines();
listen((what) => {
  if (what === "round" || what === "operator") update();
  if (what === "round") address();
  if (what === "operator") heading();
  if (what === "playing") playing();
});
document.addEventListener("keydown", keyboard);
window.addEventListener("hashchange", fromAddress);
document.documentElement.setAttribute("data-page", "ready");
