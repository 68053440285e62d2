"""What a game's equilibria are, in words and for a program."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dataleverage.errors import GameError
from dataleverage.game.equilibrium import MOST, JointMoves, sampled_equilibria
from dataleverage.game.levers import MoveSpec
from dataleverage.game.masses import Mass, left_out, masses_of
from dataleverage.game.standing import Standing

NAMED = 6  # equilibria, steps and coalitions told one by one
STARTS = 20  # random joint moves that best responses are followed from, where there are too many to look at all


@dataclass(frozen=True, eq=False)
class Read:
    """What was read off a standing.

    game : what all joint moves pay; None where there are too many, and best responses were followed from some of them.
    equilibria : (E, M) positions among the moves considered. masses : see `masses_of`.
    path : (S + 1, M) best responses from where the game stands.
    coalitions : those that gain by leaving there, each with the joint move that it gains most by.
    uncounted : why coalitions were not looked at, where they were not.
    """

    standing: Standing
    game: JointMoves | None
    equilibria: list[tuple[int, ...]]
    masses: dict[str, Mass]
    path: list[tuple[int, ...]] = field(default_factory=list)
    coalitions: list[tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)
    uncounted: str = ""


def moves_in(text: str) -> list[MoveSpec]:
    """Moves as the command line takes them: levers, with a tactic or the operator that data is redirected to after a colon."""
    found = []
    for word in [part.strip() for part in text.split(",") if part.strip()]:
        lever, _, more = word.partition(":")
        given = {"lever": lever, **({"to" if lever == "redirect" else "tactic": more} if more else {})}
        try:
            found.append(MoveSpec.model_validate(given))
        except ValueError:
            raise GameError(
                f"{word!r} is no move",
                key="--moves",
                remedy="Write contribute, withhold, delete, poison:TACTIC or redirect:OPERATOR, with commas between.",
            ) from None
    return found


def count(standing: Standing) -> int:
    """How many joint moves there are."""
    number: int = int(standing.moves.shape[1]) ** len(standing.who)
    return number


def work(standing: Standing) -> int:
    """How many joint moves `read` tells its progress of: all, or the strikes, where there are not too many."""
    return next((number for number in (count(standing), 2 ** len(standing.who)) if number <= MOST), 0)


def read(standing: Standing, progress: Callable[[int], object] | None = None) -> Read:
    """Read a standing: all joint moves where there are at most 2**20 of them, otherwise a sample of walks.

    progress : called with the number of joint moves that were worked out.
    """
    strike = standing.strike()
    if count(standing) > MOST:
        few = 2 ** len(standing.who) <= MOST
        masses = masses_of(strike, strike.joint_moves(progress)) if few else left_out(f"there are more than {MOST:,} strikes")
        found = sampled_equilibria(len(standing.who), standing.moves.shape[1], standing.payoff, starts=STARTS)
        return Read(standing, None, found, masses)
    game = standing.joint_moves(progress)
    same = np.array_equal(standing.moves, strike.moves)
    masses = masses_of(strike, game if same else strike.joint_moves())
    uncounted, coalitions = "", []
    try:
        coalitions = game.blocking(standing.start.tolist())
    except GameError as error:
        uncounted = error.message
    stays = tuples(game.joint(game.equilibria))
    return Read(standing, game, stays, masses, tuples(game.path(standing.start.tolist())), coalitions, uncounted)


def tuples(joint: np.ndarray) -> list[tuple[int, ...]]:
    """(B, M) -> a list of joint moves."""
    return [tuple(each) for each in joint.tolist()]


# ---------------------------------------------------------------------- in words


def lines(found: Read) -> list[tuple[str, str]]:
    """(label, text) pairs."""
    standing, game = found.standing, found.game
    menu = standing.setup.menu
    several = len({tuple(line) for line in standing.moves.tolist()}) > 1
    what = "at their own operator" if several else ", ".join(str(menu.moves[a]) for a in standing.moves[0])
    when = "before the first round" if standing.state.round == 1 else f"after round {standing.state.round - 1}"
    told = [("From", f"{when}; {len(standing.who)} of {standing.setup.n_creators} creators move")]
    told.append(("Moves", f"{standing.moves.shape[1]} each ({what}): {in_short(count(standing))} joint moves"))
    if game is None:
        told.append(
            (
                "Sampled",
                f"too many to look at ({MOST:,} are the most). Best responses were followed from {STARTS} random joint moves: "
                "what is named is an equilibrium; others may be there all the same",
            )
        )
    told += [("Equilibria", text) for text in named_equilibria(found)]
    if game is not None:
        rounds = [len(sink) for sink in game.sinks if len(sink) > 1]
        calm = len(game.sinks) - len(rounds)
        told.append(
            ("Best responses end", f"at {calm} joint moves" + "".join(f", or going round in {n}" for n in rounds[:NAMED]))
        )
        told += [("Path", text) for text in steps(found)]
        told.append(("Price of anarchy", price(*game.price_of_anarchy(), "worst")))
        told.append(("Price of stability", price(*game.price_of_stability(), "best")))
        told += [("Leaving together", text) for text in leaving(found)]
    told += [(name.replace("_", " ").capitalize(), in_words(mass)) for name, mass in found.masses.items()]
    return told


def named_equilibria(found: Read) -> list[str]:
    """The equilibria, some of them one by one."""
    if not found.equilibria:
        return ["none found" if found.game is None else "none: in every joint move somebody gains by moving alone"]
    known = len(found.equilibria)
    text = [f"{known:,} pure Nash equilibri{'um' if known == 1 else 'a'} {'found' if found.game is None else 'in all'}"]
    text += [said(found.standing, choice) + worth(found, choice) for choice in found.equilibria[:NAMED]]
    return text + ([f"and {known - NAMED:,} more: --json has them all"] if known > NAMED else [])


def worth(found: Read, choice: tuple[int, ...]) -> str:
    """What everyone together gets in a joint move, where that is known."""
    if found.game is None:
        return ""
    return f" (welfare {found.game.welfare[int(found.game.number(np.array([choice]))[0])]:.3f})"


def steps(found: Read) -> list[str]:
    """The path, one best response after the other."""
    if len(found.path) == 1:
        calm = found.path[0] in found.equilibria
        return ["nobody gains by moving alone from where the game stands" if calm else "best responses go round from here"]
    text = []
    for before, after in zip(found.path, found.path[1:], strict=False):
        i = next(i for i, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1])
        text.append(f"{name_of(found.standing, i)}: {move_of(found.standing, i, before)} → {move_of(found.standing, i, after)}")
    more = len(text) - NAMED
    return [*text[:NAMED], *([f"and {more} more steps"] if more > 0 else []), f"ends at {said(found.standing, found.path[-1])}"]


def leaving(found: Read) -> list[str]:
    """The coalitions that gain by leaving where the game stands."""
    if found.uncounted:
        return [f"not looked at: {found.uncounted}"]
    if not found.coalitions:
        return ["no group gains by moving together from where the game stands"]
    text = []
    for group, choice in found.coalitions[:NAMED]:
        does = ", ".join(f"{name_of(found.standing, i)} {move_of(found.standing, i, choice)}" for i in group)
        text.append(f"{len(group)} gain together: {does}")
    more = len(found.coalitions) - NAMED
    return text + ([f"and {more} more groups of which no part gains"] if more > 0 else [])


def price(value: float, ratio: bool, which: str) -> str:
    """A price in words."""
    if math.isnan(value):
        return "none: there is no pure equilibrium"
    if ratio:
        return f"{value:.3f} (the best welfare over that of the {which} equilibrium)"
    return f"{value:.3f} credits (the difference to the {which} equilibrium, whose welfare is not positive)"


def in_words(mass: Mass) -> str:
    """A critical mass in words."""
    if mass["value"] is None:
        return str(mass["reason"])
    value = mass["value"]
    return f"{value if isinstance(value, int) else f'{value:.3f}'} (of a strike: {mass['move']})"


def said(standing: Standing, choice: Sequence[int]) -> str:
    """A joint move in words: who does what, what most do first."""
    by: dict[str, list[str]] = {}
    for i in range(len(choice)):
        by.setdefault(move_of(standing, i, choice), []).append(name_of(standing, i))
    if len(by) == 1:
        return f"everyone: {next(iter(by))}"
    ordered = sorted(by.items(), key=lambda each: -len(each[1]))
    return "; ".join(f"{move}: {shown(names)}" for move, names in ordered)


def shown(parts: Sequence[object]) -> str:
    """The first of a list."""
    return ", ".join(str(part) for part in parts[:12]) + (" …" if len(parts) > 12 else "")


def name_of(standing: Standing, i: int) -> str:
    """What a mover is called."""
    return standing.setup.names[int(standing.who[i])]


def move_of(standing: Standing, i: int, choice: Sequence[int]) -> str:
    """A mover's move in words."""
    return str(standing.setup.menu.moves[int(standing.moves[i, choice[i]])])


def in_short(number: int) -> str:
    """A number of joint moves: whole, or with its power of ten."""
    return f"{number:,}" if number < 10**9 else f"about 10^{len(str(number)) - 1}"


# ---------------------------------------------------------------------- for a program


def as_json(found: Read) -> dict[str, Any]:
    """The same for a program, with everything."""
    standing, game = found.standing, found.game
    told: dict[str, Any] = {
        "round": standing.state.round - 1,
        "creators": [name_of(standing, i) for i in range(len(standing.who))],
        "moves": {
            name_of(standing, i): [str(standing.setup.menu.moves[a]) for a in line]
            for i, line in enumerate(standing.moves.tolist())
        },
        "joint_moves": count(standing),
        "sampled": game is None,
        "equilibria": [plain(found, choice) for choice in found.equilibria],
        "critical_mass": found.masses,
    }
    if game is None:
        return told
    anarchy, stability = game.price_of_anarchy(), game.price_of_stability()
    return {
        **told,
        "sinks": [len(sink) for sink in game.sinks],
        "path": [plain(found, choice) for choice in found.path],
        "price_of_anarchy": None if math.isnan(anarchy[0]) else {"value": anarchy[0], "ratio": anarchy[1]},
        "price_of_stability": None if math.isnan(stability[0]) else {"value": stability[0], "ratio": stability[1]},
        "coalitions": None
        if found.uncounted
        else [{"members": [name_of(standing, i) for i in group], **plain(found, choice)} for group, choice in found.coalitions],
    }


def plain(found: Read, choice: tuple[int, ...]) -> dict[str, Any]:
    """A joint move by creator, with what it pays where that is known."""
    standing = found.standing
    told: dict[str, Any] = {"moves": {name_of(standing, i): move_of(standing, i, choice) for i in range(len(choice))}}
    if found.game is not None:
        m = int(found.game.number(np.array([choice]))[0])
        told["payoffs"] = dict(zip(told["moves"], found.game.payoff[m].tolist(), strict=True))
        told["welfare"] = float(found.game.welfare[m])
    return told
