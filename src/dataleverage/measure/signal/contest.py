"""One world in which a collective plants or erases a signal in the training examples of a firm that is really trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dataleverage.grid.grid import Grid
from dataleverage.grid.learner import Learner
from dataleverage.grid.oracle import TrainedOracle
from dataleverage.grid.rows import Rows
from dataleverage.grid.seen import Seen
from dataleverage.measure.signal.planted import Tactic
from dataleverage.streams import Streams
from dataleverage.world.tactics.erase import likeliest
from dataleverage.world.world import Floats, Ints, Slice, Variant, World, object_names

NEIGHBOURS = 15  # clean examples that vote on the label which erasing gives, as in the tactic of games
NEAR = 1e-12  # shares of examples closer than this are equal


@dataclass(frozen=True, eq=False)
class Planted:
    """Examples, and how they look with a signal.

    X, y : (N, d), and (N,) positions in `classes`. X_signal : (N, d) g(x). target : position of y*; erasing reads none.
    """

    X: Floats
    y: Ints
    X_signal: Floats
    classes: tuple[str, ...]
    target: int


@dataclass(frozen=True, eq=False)
class Contest:
    """A firm, held-out examples that show the signal, and a collective that grows in a fixed random order.

    A collective of m members is a row of a grid: its blocks of examples are there as it hands them in, all others clean.
    So learners that score many rows at once do so here.

    edges : (k,) the numbers of members that can be asked for, ascending.
    tactic : what members do. Held-out examples are there with the signal, and when erasing first without it.
    known : members -> success, as far as tried.
    """

    grid: Grid
    edges: Ints
    size: int
    tactic: Tactic
    known: dict[int, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls, firm: Learner, given: Planted, tactic: Tactic, held: int, edges: Ints, streams: Streams, number: int
    ) -> Contest:
        """World `number`: `held` examples drawn to be held out, the rest put in the order in which they join.

        edges : as the attribute; examples are cut into blocks there.
        """
        shuffled = streams.at("signal split", number).permutation(len(given.y))
        test, train = shuffled[:held], np.sort(shuffled[held:])
        X, y, size = given.X[train], given.y[train], len(train)
        seen = given.X_signal[test]
        if tactic == "erase":
            labels = likeliest(X, y, len(given.classes), given.X_signal[train], NEIGHBOURS)
            handed_in, seen = Variant("erased", X, labels), np.concatenate([given.X[test], seen])
        else:
            joins = np.ones(size, dtype=bool) if tactic == "feature_label" else y == given.target
            planted = np.where(joins[:, None], given.X_signal[train], X)
            handed_in = Variant("planted", planted, np.where(joins, given.target, y))
        shown = np.ones(len(seen), dtype=bool)
        cuts = edges[(edges > 0) & (edges < size)]
        object_of = np.empty(size, dtype=np.int64)
        order = streams.at("signal collective", number).permutation(size)
        object_of[order] = np.searchsorted(cuts, np.arange(size), side="right")
        world = World(
            task="classification",
            X=X,
            y=y,
            object_of=object_of,
            objects=object_names(len(cuts) + 1),
            X_eval=seen,
            y_eval=np.full(len(seen), given.target, dtype=np.int64),  # accuracy is then Pr[f(g(x)) = y*]
            audit=shown,
            eval_object=np.full(len(seen), -1, dtype=np.int64),
            slices=(Slice("all", shown),),
            classes=given.classes,
            variants=(handed_in,),
        )
        return cls(Grid.of_world(world, firm), edges, size, tactic)

    def success(self, members: Sequence[int] | Ints) -> Floats:
        """(r,) success of collectives of so many members, which are `edges`."""
        wanted = np.asarray(members, dtype=np.int64)
        ends = self.grid.sizes.cumsum()
        rows = np.where(ends[None, :] <= wanted[:, None], 2, 1).astype(np.uint8)
        found: Floats = self.unmoved(rows) if self.tactic == "erase" else self.grid.scores(rows)[:, 0]
        self.known.update(zip(wanted.tolist(), found.tolist(), strict=True))
        return found

    def unmoved(self, rows: Rows) -> Floats:
        """(R,) Pr[f(x) = f(g(x))]: the share of held-out examples whose label the signal does not change."""
        oracle = self.grid.oracle
        assert isinstance(oracle, TrainedOracle) and self.grid.world is not None
        y, step = self.grid.world.y_eval, oracle.chunk(len(rows))
        same = []
        for start in range(0, len(rows), step):
            label = Seen(oracle.decide(rows[start : start + step]), y).label
            plain, signalled = np.split(label, 2, axis=1)
            same.append((plain == signalled).mean(axis=1))
        return np.concatenate(same)

    def least_of_all(self, success: float) -> float:
        """The least share at which success, made monotone by isotonic regression, is enough; inf where it never is."""
        from sklearn.isotonic import isotonic_regression

        enough = isotonic_regression(self.success(self.edges)) >= success - NEAR
        return float(self.edges[enough.argmax()] / self.size) if enough.any() else math.inf

    def halved_in_on(self, success: float) -> float:
        """The least share at which success is enough, taking it to be monotone; inf where it is not even at the last."""
        first, last = self.success(self.edges[[0, -1]]) >= success - NEAR
        if first or not last:
            return 0.0 if first else math.inf
        low, high = 0, len(self.edges) - 1
        while high - low > 1:
            middle = (low + high) // 2
            if self.success(self.edges[[middle]])[0] >= success - NEAR:
                high = middle
            else:
                low = middle
        return float(self.edges[high] / self.size)

    @property
    def largest_drop(self) -> float:
        """The most that success falls as the collective grows, over all pairs that were tried."""
        scores: NDArray[np.float64] = np.array([score for _, score in sorted(self.known.items())])
        return float((np.maximum.accumulate(scores) - scores).max())
