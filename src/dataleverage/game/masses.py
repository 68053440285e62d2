"""Critical masses: how many it takes. Four different things go by that name; two of them can be read off a game."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataleverage.errors import GameError, MissingCell
from dataleverage.game.equilibrium import JointMoves
from dataleverage.game.model import LeverageGame
from dataleverage.game.standing import Standing
from dataleverage.grid.rows import Rows
from dataleverage.world.world import Floats

STRIKES = 4096  # strikes that are looked at when a play ends: 12 creators
FEW = 64  # rows that are trained for it, where the play itself has not trained more

Mass = dict[str, Any]


class TooManyRows(GameError):
    """More rows would have to be trained than a play can be asked to train when it is over."""


def masses_of(strike: Standing, game: JointMoves) -> dict[str, Mass]:
    """`tipping_share` and `stable_size` of a strike by everyone who moves, beside contributing.

    strike : as `Standing.strike` makes it. game : its joint moves.
    Each as {"value", "move"}, or, where there is none, {"value": None, "reason"}.
    """
    move = " or ".join(dict.fromkeys(str(strike.setup.menu.moves[a]) for a in strike.moves[:, 1]))
    share, size = game.tipping_share(1), game.stable_size(1)
    return {
        "tipping_share": {"value": share, "move": move}
        if share is not None
        else none(f"there is none: in every strike ({move}) short of everyone somebody gains nothing by joining"),
        "stable_size": {"value": size, "move": move}
        if size is not None
        else none(f"there is none: from every strike ({move}) somebody gains by leaving"),
    }


def critical_masses(game: LeverageGame) -> dict[str, Mass]:
    """The critical masses of a game that was played, read at its start, as far as they cost little.

    That is where there are at most 4,096 strikes and the rows they lead to are known to the play, or no more of them have to be
    trained than the play has unveiled (64, if that is less). Otherwise {"value": None, "reason"} says why they are left out.
    """
    elsewhere = {
        "alpha_success": none("not computed: no play trains a firm for each share of the data; `dl.signal.alpha_success` does"),
        "alpha_bound": none("not computed: it is a theorem's about a signal, not about this game; see `dl.signal`"),
    }
    return {**elsewhere, **played(game)}


def played(game: LeverageGame) -> dict[str, Mass]:
    """`tipping_share` and `stable_size`, or why they are left out."""
    setup = game.setup
    if setup.surrogate is not None:
        return left_out("creators weigh rows by a surrogate here")
    if 2**setup.n_creators > STRIKES:
        return left_out(f"{setup.n_creators:,} creators can strike in more than {STRIKES:,} ways")
    known = {row.tobytes() for row, *_, exact in game.recorder.unveiled if exact}
    most = max(FEW, len(known))
    new: set[bytes] = set()

    def score(k: int, rows: Rows, weights: Floats | None) -> Floats:
        if setup.grid.world is not None:
            new.update({row.tobytes() for row in np.ascontiguousarray(rows)} - known)
            if len(new) > most:
                raise TooManyRows("")
        return setup.grid.scores(rows, weights)

    try:
        strike = Standing.of(setup, seed=game.seed).scored_by(score).strike()
        return masses_of(strike, strike.joint_moves())
    except TooManyRows:
        return left_out(f"more than {most:,} rows would have to be trained for it; `dataleverage grid FILE --equilibria` does")
    except MissingCell as error:
        return left_out(f"the table lacks rows that strikes lead to ({error.message})")


def none(reason: str) -> Mass:
    """A mass without a value."""
    return {"value": None, "reason": reason}


def left_out(why: str) -> dict[str, Mass]:
    """Both masses, not computed for the same reason."""
    return {name: none(f"not computed: {why}") for name in ("tipping_share", "stable_size")}
