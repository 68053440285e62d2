"""A grid that answers most rows by a surrogate, and says which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.errors import GridError
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import Rows, as_rows, examples
from dataleverage.grid.store import MemoryStore
from dataleverage.grid.surrogate import HeldOut, Surrogate
from dataleverage.grid.surrogates import SurrogateKind
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Mask

if TYPE_CHECKING:
    from dataleverage.grid.grid import Grid


class SurrogateFit:
    """The trained sample of a surrogate, the fit, and how good it is. Each is made when it is first asked for.

    Raises GridError, with the key `surrogate.kind`, for a surrogate that cannot answer for the grid.
    """

    def __init__(self, grid: Grid, kind: SurrogateKind, seed: int) -> None:
        kind.check(grid)
        self.grid, self.kind, self.seed = grid, kind, seed

    def __getstate__(self) -> dict[str, Any]:
        return {"grid": self.grid, "kind": self.kind, "seed": self.seed}  # what was fitted is fitted again, from known rows

    @cached_property
    def rows(self) -> Rows:
        """(R, n): the sample."""
        return self.kind.sample(self.grid.n_objects, self.grid.n_present, Streams(self.seed))

    def train(self, progress: Callable[[int], object] | None = None) -> Floats:
        """(R, C): scores of the sample."""
        return self.grid.scores(self.rows, progress=progress)

    @cached_property
    def known(self) -> MemoryStore:
        """The sample with its scores."""
        store = MemoryStore(len(self.grid.columns))
        store.put(self.rows, self.train())
        return store

    @cached_property
    def fitted_on(self) -> tuple[Rows, Floats]:
        """(R', n), (R', C): the sample without the empty row, which is known, but is a guess and no model to learn from."""
        rows = self.rows[self.rows.any(axis=1)]
        return rows, self.known.find(rows)[1]

    @cached_property
    def model(self) -> Surrogate:
        return self.kind.fit(self.grid, *self.fitted_on)

    @cached_property
    def judged(self) -> HeldOut:
        """Rank correlation and mean error on rows held out."""
        return self.kind.judge(self.grid, self.model, *self.fitted_on)

    def account(self, columns: Sequence[int]) -> dict[str, Any]:
        """What is to be told of it wherever it is used: its kind, how many rows it trained, and how good it is by column.

        columns : positions. `rank` is None where a column's scores are all the same.
        """
        names, judged = self.grid.column_names, self.judged
        told = {names[c]: {"rank": number(judged.rank[c]), "error": number(judged.error[c])} for c in columns}
        return {"kind": self.kind.tag, "rows": len(self.rows), "columns": told}

    def judged_in_words(self, column: int) -> str:
        """How good it is on one column."""
        what, judged = self.grid.columns[column], self.judged
        rank = number(judged.rank[column])
        ranked = "no rank correlation" if rank is None else f"rank correlation {rank:.2f}"
        return f"{METRICS[what.metric].label} on {what.slice!r}: {ranked}, mean error {judged.error[column]:.4f}"

    def beyond(self, rows: Rows) -> Mask:
        """(R, n) -> (R,): rows with fewer examples than any row of the sample, or more poisoned ones.

        Nothing was learnt there, and how wrong a prediction is cannot be told.
        """
        sizes, sample = self.grid.sizes, self.fitted_on[0]
        least, most = examples(sample > 0, sizes).min(), examples(sample > 1, sizes).max()
        return np.asarray((examples(rows > 0, sizes) < least) | (examples(rows > 1, sizes) > most))

    def errors(self, rows: Rows) -> Floats:
        """(R, n) -> (R, C): the standard error of each prediction; infinite beyond the sample."""
        errors = self.model.errors(rows)
        errors[self.beyond(rows)] = np.inf
        return errors


def number(value: float) -> float | None:
    """None for what is not one: JSON has no NaN."""
    return float(value) if np.isfinite(value) else None


class SurrogateGrid:
    """A grid that answers rows it has trained truly, and every other row by a surrogate. Make one with `Grid.with_surrogate`.

    What it predicts is never put into the grid's store. Rows it has trained are those of the surrogate's sample and those that
    it was told to `train`; not others that the grid may know from elsewhere, so that the same questions get the same answers.

    Attributes
    ----------
    grid : the grid beneath, which trains. fit : the surrogate; grids of the same kind and seed share one.
    """

    def __init__(self, fit: SurrogateFit) -> None:
        self.fit, self.grid = fit, fit.grid
        self._trained = MemoryStore(len(self.grid.columns))

    def train(self, rows: ArrayLike) -> Floats:
        """(R, n) -> (R, C): scores of trained models, which are known from now on."""
        given = self._rows(rows)
        return self._trained.put(given, self.grid.scores(given))

    def scores(self, rows: ArrayLike, near: Rows | None = None) -> Floats:
        """(R, n) -> (R, C): true where `exact` says so, otherwise predicted.

        near : (n,) a row that is exact. Predictions are then shifted, by column, so that the one for this row would be its true
            score: differences from it are the surrogate's, and what that gets wrong of all rows alike decides nothing.
        """
        given = self._rows(rows)
        known, scores = self._find(given)
        if not known.all():
            scores[~known] = self.fit.model.predict(given[~known])
            if near is not None:
                scores[~known] += self._off(near)
        return scores

    def exact(self, rows: ArrayLike) -> Mask:
        """(R, n) -> (R,): which rows are answered by the scores of trained models."""
        return self._find(self._rows(rows))[0]

    def errors(self, rows: ArrayLike) -> Floats:
        """(R, n) -> (R, C): the standard error of each answer, 0 where it is exact; of predictions made without `near`.

        Infinite for rows with fewer examples, or more poisoned ones, than any row of the sample.
        """
        given = self._rows(rows)
        known = self.exact(given)
        errors = np.zeros((len(given), len(self.grid.columns)))
        if not known.all():
            errors[~known] = self.fit.errors(given[~known])
        return errors

    def _off(self, near: Rows) -> Floats:
        """(C,): what the prediction of an exact row lacks of its score."""
        known, score = self._find(near[None])
        if not known[0]:
            raise GridError("predictions can only be made near a row that was trained", remedy="Train it first.")
        return np.asarray(score[0] - self.fit.model.predict(near[None])[0])

    def _find(self, rows: Rows) -> tuple[Mask, Floats]:
        known, scores = self.fit.known.find(rows)
        mine, trained = self._trained.find(rows)
        scores[mine] = trained[mine]
        return known | mine, scores

    def _rows(self, rows: ArrayLike) -> Rows:
        return as_rows(rows, self.grid.n_objects, self.grid.n_present)

    def __repr__(self) -> str:
        return f"SurrogateGrid({self.fit.kind.tag} of {self.grid!r})"
