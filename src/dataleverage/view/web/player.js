// Where the page is: the round, the operator looked at, whether it plays. Others listen.

import { rounds, last, run } from "./data.js";

const BASE = 1000; // milliseconds a round at speed 1
const listeners = [];
let timer = 0;

export const state = { at: 0, operator: 0, playing: false, speed: 1, creator: null };

export const operator = () => run.operators[state.operator];

export function listen(handler) {
  listeners.push(handler);
}

function tell(what) {
  for (const handler of listeners) handler(what);
}

export function go(at) {
  const next = Math.min(last, Math.max(0, Math.round(at)));
  if (next === state.at) return;
  state.at = next;
  tell("round");
}

export const step = (by) => {
  pause();
  go(state.at + by);
};

export function goToNumber(number) {
  const nearest = rounds.reduce((best, r, i) => (Math.abs(r - number) < Math.abs(rounds[best] - number) ? i : best), 0);
  go(nearest);
}

export function play() {
  if (state.playing) return;
  if (state.at === last) go(0);
  state.playing = true;
  tell("playing");
  schedule();
}

export function pause() {
  if (!state.playing) return;
  state.playing = false;
  clearTimeout(timer);
  tell("playing");
}

export const toggle = () => (state.playing ? pause() : play());

export function setSpeed(speed) {
  state.speed = speed;
  if (state.playing) schedule();
}

export function choose(creator) {
  state.creator = state.creator === creator ? null : creator;
  tell("creator");
}

export function lookAt(index) {
  state.operator = index;
  tell("operator");
}

function schedule() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    go(state.at + 1);
    if (state.at >= last) pause();
    else schedule();
  }, BASE / state.speed);
}
