"""The lookup: what creators that know the grid find when they look rows up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dataleverage.grid.grid import Grid
from dataleverage.grid.rows import Rows
from dataleverage.grid.surrogate_grid import SurrogateFit, SurrogateGrid
from dataleverage.world.world import Floats, Mask


class Lookup:
    """The scores of one play. A row that is served is always trained.

    Without a surrogate every row that is looked up is trained too. With one, rows that are neither in its sample nor were
    served in this play are predicted, beside the row that the operator served last: by how much the surrogate has them differ
    from it.

    Attributes
    ----------
    missed : (C,) for each row that was predicted before it was served, the prediction less the score.
    """

    def __init__(self, grid: Grid, surrogate: SurrogateFit | None) -> None:
        self.grid, self.fit = grid, surrogate
        self.predicting = None if surrogate is None else SurrogateGrid(surrogate)
        self.served: dict[int, Rows] = {}
        self.missed: list[Floats] = []

    def serve(self, operator: int, rows: Rows, weights: Floats | None = None) -> Floats:
        """(1, n) -> (1, C): the scores of the row that an operator serves, from a trained model."""
        if self.predicting is None:
            return self.grid.scores(rows, weights)
        known = operator not in self.served or self.exact(rows)[0]
        guess = None if known else self.scores(operator, rows)[0]
        scores = self.predicting.train(rows)
        if guess is not None:
            self.missed.append(guess - scores[0])
        self.served[operator] = rows[0]
        return scores

    def scores(self, operator: int, rows: Rows, weights: Floats | None = None) -> Floats:
        """(B, n) -> (B, C)."""
        if self.predicting is None:
            return self.grid.scores(rows, weights)
        return self.predicting.scores(rows, near=self.served.get(operator))

    def exact(self, rows: Rows) -> Mask:
        """(B, n) -> (B,): which rows are answered by trained models."""
        return np.ones(len(rows), dtype=bool) if self.predicting is None else self.predicting.exact(rows)

    def account(self, columns: Sequence[int], predicted: Sequence[Rows], cells: int) -> dict[str, Any] | None:
        """How much was predicted, and how well; None without a surrogate.

        columns : positions of those to be told. predicted : rows (n,) with predicted cells. cells : in each of them.
        """
        if self.fit is None:
            return None
        told = self.fit.account(columns)
        off = np.abs(np.array(self.missed)).mean(axis=0) if self.missed else None
        for c in columns:
            told["columns"][self.grid.column_names[c]]["missed"] = None if off is None else float(off[c])
        beyond = int(self.fit.beyond(np.array(predicted)).sum()) if predicted else 0
        return {**told, "cells": cells * len(predicted), "beyond": cells * beyond, "served": len(self.missed)}

    def warning(self, account: dict[str, Any], column: int) -> str:
        """What the record's reader must know: how many cells are predictions, and how far to trust them."""
        assert self.fit is not None
        text = (
            f"{account['cells']:,} cells that creators looked up are predictions by {self.fit.kind.named}, not scores of "
            f"trained models. It trained {account['rows']:,} rows; on those held out, {self.fit.judged_in_words(column)}."
        )
        if account["beyond"]:
            text += f" {account['beyond']:,} of the predictions are further from all data than any row it trained."
        if self.missed:
            off = account["columns"][self.grid.column_names[column]]["missed"]
            text += f" Rows predicted before they were served: {len(self.missed):,}, with a mean error of {off:.4f}."
        return text + " Rows that are served are always trained."
