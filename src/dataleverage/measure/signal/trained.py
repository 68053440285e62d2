"""The share at which a really trained firm yields: the critical mass that no theorem gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.errors import DataError, GridError
from dataleverage.grid.learner import Learner
from dataleverage.measure.intervals import Interval, over_worlds
from dataleverage.measure.signal.contest import Contest, Planted
from dataleverage.measure.signal.planted import Tactic, known
from dataleverage.streams import Streams
from dataleverage.world.arrays import features, labels_of
from dataleverage.world.world import Floats

if TYPE_CHECKING:
    import pandas as pd

Planter = Callable[[Floats], ArrayLike] | Mapping[Any, float]
"""g: a function of (N, d) examples, or a value to set for some features (by position, or by name in a DataFrame)."""


@dataclass(frozen=True, eq=False)
class AlphaSuccess:
    """What `alpha_success` found.

    success : the success that was asked for.
    alpha : the least share tried that reached it, over the worlds in which one did; without any, inf.
    reached, worlds : in how many worlds of how many it was reached.
    tried : DataFrame of every model: `world`, `alpha`, `members`, `success`.
    models : how many models were trained.
    largest_drop : the most that success fell within a world as the share grew; 0 where it rose steadily.
    """

    success: float
    alpha: Interval
    reached: int
    worlds: int
    tried: pd.DataFrame
    models: int
    largest_drop: float

    def curve(self) -> pd.DataFrame:
        """Mean success by `alpha`, with its 95 % interval over worlds (`low`, `high`) and how many `worlds` tried it.

        After a search by halving, shares were tried because of what others gave: read it as a curve only with `alphas`.
        """
        import pandas as pd

        groups = [(alpha, over_worlds(part.tolist())) for alpha, part in self.tried.groupby("alpha")["success"]]
        lines = [(alpha, each.mean, each.low, each.high, each.worlds) for alpha, each in groups]
        return pd.DataFrame(lines, columns=["alpha", "success", "low", "high", "worlds"]).set_index("alpha")


def alpha_success(
    learner: Any,
    X: ArrayLike | pd.DataFrame,
    y: ArrayLike,
    g: Planter,
    target: object = None,
    *,
    success: float = 0.9,
    tactic: Tactic = "feature_label",
    alphas: Sequence[float] | None = None,
    tolerance: float = 0.01,
    worlds: int = 10,
    holdout: float = 0.25,
    seed: int = 0,
) -> AlphaSuccess:
    """The share α of training examples with which a collective has its way with a trained firm in `success` of all cases.

    In every world the examples are split at random into training and held-out ones, and the training ones are put in a
    random order, the first α of which are the collective: larger collectives hold the smaller ones. Success is
    Pr[f(g(x)) = y*] over the held-out examples x, whatever their label, or when erasing Pr[f(x) = f(g(x))] (Hardt et al.
    2023, section 2).

    Parameters
    ----------
    learner : one of `dl.learners`, or a scikit-learn classifier. What a learner scales with is fitted on clean examples.
    X, y : (N, d) finite numbers and (N,) labels of any type.
    g : the signal; `{feature: value}` or a function from (N, d) to (N, d).
    target : y*, one of the labels; not needed for erasing.
    tactic : feature_label hands in (g(x), y*); feature_only (g(x), y) where y = y*, and (x, y) unchanged elsewhere; erase
        (x, argmax_y P₀(y|g(x))), by the vote of the 15 clean training examples nearest to g(x), as the tactic of games does
        (`list tactics`). It needs g(g(x)) = g(x). A firm that does not look at what g changes is erased by nobody at all.
    alphas : shares in [0, 1] to try in every world. Success is made monotone in α by isotonic regression in each world, and
        the least share that reaches `success` counts. Without `alphas`, α is halved in on in each world, from 0 to 1 and
        down to `tolerance` (or a single example), which takes success to be monotone as it is: see `largest_drop`.
    worlds, seed : how many splits and collectives, and the seed they are drawn from.
    holdout : share of examples that are held out.

    Returns the share with its interval over worlds, and everything tried. A training set of one class predicts that class.
    Raises DataError for arrays, labels and signals that do not fit, GridError for numbers out of range, and FitError
    where a model cannot be trained.
    """
    import pandas as pd

    check(success, tactic, alphas, tolerance, worlds, holdout)
    firm, given, streams = as_learner(learner), planted(X, y, g, target, tactic), Streams(seed)
    held = min(max(1, round(holdout * len(given.y))), len(given.y) - 1)
    shares = np.arange(math.ceil(1 / tolerance) + 1) * tolerance if alphas is None else np.asarray(alphas, dtype=np.float64)
    edges = np.unique(np.round(np.minimum(shares, 1.0) * (len(given.y) - held)).astype(np.int64))
    contests, found = [], []
    for number in range(worlds):
        contest = Contest.of(firm, given, tactic, held, edges, streams, number)
        found.append(contest.halved_in_on(success) if alphas is None else contest.least_of_all(success))
        contests.append(contest)
    reached = [alpha for alpha in found if alpha < math.inf]
    lines = [
        (number, members / contest.size, members, score)
        for number, contest in enumerate(contests)
        for members, score in sorted(contest.known.items())
    ]
    return AlphaSuccess(
        success=success,
        alpha=over_worlds(reached) if reached else Interval(math.inf, math.inf, math.inf, math.inf, 0),
        reached=len(reached),
        worlds=worlds,
        tried=pd.DataFrame(lines, columns=["world", "alpha", "members", "success"]),
        models=len(lines),
        largest_drop=max(contest.largest_drop for contest in contests),
    )


def check(success: float, tactic: str, alphas: Sequence[float] | None, tolerance: float, worlds: int, holdout: float) -> None:
    """Raise GridError for numbers out of range."""
    known(tactic)
    if not 0 < success <= 1:
        raise GridError(f"a success of {success} is not in (0, 1]", key="success", remedy="Give a share such as 0.9.")
    if alphas is not None and not (len(alphas) and all(0 <= alpha <= 1 for alpha in alphas)):
        raise GridError(f"the alphas {alphas} are not all from 0 to 1", key="alphas", remedy="Give shares such as [0, 0.05].")
    if not 0 < tolerance < 1:
        raise GridError(f"a tolerance of {tolerance} is not in (0, 1)", key="tolerance", remedy="Give 0.01, say.")
    if worlds < 1:
        raise GridError(f"{worlds} worlds are none", key="worlds", remedy="Give at least 1, and 2 for an interval.")
    if not 0 < holdout < 1:
        raise GridError(f"a holdout of {holdout} is not in (0, 1)", key="holdout", remedy="Give a share such as 0.25.")


def as_learner(given: Any) -> Learner:
    """A learner as it is, a scikit-learn estimator as one. Raises GridError for anything else."""
    if isinstance(given, Learner):
        return given
    from dataleverage.grid.learners.sklearn import Sklearn

    try:
        return Sklearn(given)
    except ValueError as error:  # pydantic's ValidationError is one
        raise GridError(
            f"{given!r} is no learner", key="learner", remedy="Pass one of dl.learners, or a scikit-learn classifier."
        ) from error


def planted(X: ArrayLike | pd.DataFrame, y: ArrayLike, g: Planter, target: object, tactic: Tactic) -> Planted:
    """Examples with and without the signal, checked."""
    examples, labels = features(X, "X"), labels_of(y, "y")
    if labels.shape != (len(examples),):
        raise DataError(f"y has shape {labels.shape}; expected ({len(examples)},)", key="y", remedy="Give a label an example.")
    found, positions = np.unique(labels, return_inverse=True)
    classes = tuple(str(name) for name in found)
    if len(examples) < 2 or len(classes) < 2:
        raise DataError(
            f"{len(examples)} examples of {len(classes)} labels: there is nothing to learn", key="y", remedy="Give two of each."
        )
    wanted = [k for k, label in enumerate(found.tolist()) if label == target or str(label) == str(target)]
    if not wanted and (tactic != "erase" or target is not None):
        raise DataError(f"there is no label {target!r}", key="target", remedy=f"Labels are {', '.join(classes[:20])}.")
    names = [str(name) for name in X.columns] if hasattr(X, "columns") else []
    moved = with_signal(examples, g, names)
    if tactic == "erase" and not np.array_equal(with_signal(moved, g, names), moved):
        raise DataError("erasing needs g(g(x)) = g(x), and g moves an example twice", key="g", remedy="Set features to values.")
    return Planted(examples, positions.astype(np.int64), moved, classes, wanted[0] if wanted else 0)


def with_signal(X: Floats, g: Planter, names: list[str]) -> Floats:
    """(N, d) g(x). Raises DataError for a signal that sets nothing, features that are not there, and what is not finite."""
    if not isinstance(g, Mapping):
        moved = features(g(X.copy()), "g(X)")
        if moved.shape != X.shape:
            raise DataError(f"g(X) has shape {moved.shape}; expected {X.shape}", key="g", remedy="Return changed copies of X.")
        return moved
    if not g:
        raise DataError("the signal is empty: g sets no feature", key="g", remedy="Give `{feature: value}`.")
    moved = X.copy()
    for name, value in g.items():
        moved[:, position(name, X.shape[1], names)] = value
    return features(moved, "g(X)")


def position(name: Any, size: int, names: list[str]) -> int:
    """Of a feature, given by its name or its position."""
    if isinstance(name, str) and name in names:
        return names.index(name)
    if isinstance(name, int | np.integer) and 0 <= name < size:
        return int(name)
    known = ", ".join(names[:20]) or f"numbered from 0 to {size - 1}"
    raise DataError(f"there is no feature {name!r}", key="g", remedy=f"Features are {known}.")
