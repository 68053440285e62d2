"""Fingerprints of strategies: as lines, for a program, and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from dataleverage.game.strategy import Strategy
from dataleverage.kinds import Model, OneOf, family
from dataleverage.scenario.document import parse
from dataleverage.scenario.problems import validated
from dataleverage.view.figures import ACCENT, INK, SECOND, canvas

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

BLOCKS = 20  # characters of the longest bar


class Named(Model):
    """A strategy as the command line takes it."""

    strategy: Annotated[Strategy, OneOf("strategy")]


def is_strategy(text: str) -> bool:
    """Whether a text is meant as a strategy: the name of one, or a mapping."""
    return text in family("strategy").members or text.lstrip().startswith("{")


def strategy_in(text: str) -> Strategy:
    """A strategy by its kind, or as a scenario writes it. Raises errors with what is allowed."""
    return validated(parse(f"strategy: {text}"), Named).strategy


def lines(table: pd.DataFrame) -> list[tuple[str, str]]:
    """(label, text) pairs: a bar for each share."""
    told = [("Share of others", "acts with this probability (after contributing, after acting)")]
    for share, line in table.iterrows():
        bar = "█" * round(BLOCKS * line["acting"])
        parts = ", ".join(
            "–" if np.isnan(line[name]) else f"{line[name]:.2f}" for name in ("after_contributing", "after_acting")
        )
        told.append((f"{share:.2f}", f"{line['acting']:.2f} {bar} ({parts})"))
    return told


def as_json(strategy: Strategy, table: pd.DataFrame) -> dict[str, Any]:
    """The same for a program."""
    plain = table.reset_index().astype(object).where(table.reset_index().notna(), None)
    return {"strategy": strategy.model_dump(mode="json"), "fingerprint": plain.to_dict(orient="records")}


def drawn(strategy: Strategy, table: pd.DataFrame, where: str) -> Figure:
    """Probability to act by the share of others that did; where : the title of the game."""
    figure, axes = canvas(f"{strategy.tag} in “{where}”", "share of others that acted last round", "probability to act")
    axes.plot(table.index, table.acting, "o-", color=INK, label="all")
    axes.plot(table.index, table.after_contributing, "s--", color=ACCENT, markersize=4, label="who contributed last")
    axes.plot(table.index, table.after_acting, "^--", color=SECOND, markersize=4, label="who acted last")
    axes.set_ylim(-0.03, 1.03)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
