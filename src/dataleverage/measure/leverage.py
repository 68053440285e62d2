"""Leverage: how much of what a model gained from data its makers can take away, or give to a rival (Vincent et al.).

The formulas take numbers or arrays; `of_strike` reads everything off a grid for people who act together.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dataleverage.errors import GapError, GridError
from dataleverage.grid.gap import clear
from dataleverage.grid.grid import Grid
from dataleverage.grid.metrics import METRICS
from dataleverage.grid.rows import Rows
from dataleverage.streams import Streams
from dataleverage.world.world import Floats, Mask

if TYPE_CHECKING:
    import pandas as pd


def duplication(small: ArrayLike, worst: ArrayLike, best: ArrayLike, *, error: ArrayLike = 0.0) -> Floats:
    """Conscious data contribution: the part of the way from worst to best that a small firm goes with the data it is given.

    `DLP_cdc = (small − worst) / (best − worst)` (Vincent & Hecht 2021, data leverage power). Compare only what shares the same
    worst and best.

    Parameters
    ----------
    small : score of the firm that holds only what was contributed. worst, best : scores of guessing and of all data.
    error : the standard error of best − worst.

    Raises GapError where the gap is within two standard errors of nothing.
    """
    return np.asarray((number(small) - number(worst)) / gap(worst, best, error))


def deletion(large: ArrayLike, worst: ArrayLike, best: ArrayLike, *, error: ArrayLike = 0.0) -> Floats:
    """A data strike: the part of the way from worst to best that a large firm loses without the data that is withdrawn.

    `DLP_strike = 1 − (large − worst) / (best − worst)` (Vincent & Hecht 2021).

    large : score of the firm that holds what is left. Other parameters and errors as for `duplication`.
    """
    return np.asarray(1.0 - (number(large) - number(worst)) / gap(worst, best, error))


def transfer(small: ArrayLike, large: ArrayLike, worst: ArrayLike, *, error: ArrayLike = 0.0) -> Floats:
    """Strike and contribution at once: how far the rival comes, measured by what is left of the large firm.

    `DLP_both = (small − worst) / (large − worst) = DLP_cdc / (1 − DLP_strike)` (Vincent & Hecht 2021).
    error : the standard error of large − worst. Raises GapError where that difference is within two standard errors of nothing.
    """
    return np.asarray((number(small) - number(worst)) / gap(worst, large, error))


def share_of_gap(
    strike: ArrayLike, full: ArrayLike, baseline: ArrayLike, *, gap_full: ArrayLike | None = None, error: ArrayLike = 0.0
) -> Floats:
    """The effect of a strike as a share of the personalisation gap: `(strike − full) / (full − baseline)`, negative for a loss.

    (Vincent, Hecht & Sen 2019.) baseline : what needs none of these people's data, an item mean say.
    gap_full : the full score that the gap is taken from, where effects on some are measured by everyone's gap.
    Raises GapError where the gap is within two standard errors (`error`) of nothing.
    """
    whole = full if gap_full is None else gap_full
    return np.asarray((number(strike) - number(full)) / gap(baseline, whole, error))


def relative_change(strike: ArrayLike, full: ArrayLike, baseline: ArrayLike | None = None) -> Floats:
    """The effect as a share of the score itself: `(strike − full) / full`.

    With a baseline, that change over the change of doing without personalisation, `(full − baseline) / full`: the form in
    percent over percent, which is `share_of_gap` again. Raises GapError where it would divide by nothing.
    """
    change = (number(strike) - number(full)) / gap(0.0, full, 0.0)
    return np.asarray(change if baseline is None else change / gap(0.0, gap(baseline, full, 0.0) / number(full), 0.0))


def gap(worst: ArrayLike, best: ArrayLike, error: ArrayLike) -> Floats:
    """best − worst. Raises GapError where it is not clear of noise: more than two standard errors, in either direction.

    Raises GridError, which names the position, where an end of it is not a finite number.
    """
    low, high, noise = np.broadcast_arrays(number(worst), number(best), number(error))
    refuse_unknown(low, high)
    distance: Floats = high - low
    for each, spread in zip(distance.ravel(), noise.ravel(), strict=True):
        if not clear(abs(each), spread):
            raise GapError(
                f"the gap is {each:.4g} ± {spread:.4g}: within noise, so nothing can be told as a share of it",
                remedy="Choose data, a learner or a metric with a clear gap (RMSE, not hits), or more evaluation examples.",
            )
    return distance


def refuse_unknown(low: Floats, high: Floats) -> None:
    """Raise GridError where a gap has an end that is NaN or infinite: that is a score nobody knows, not noise."""
    broken = np.argwhere(~(np.isfinite(low) & np.isfinite(high)))
    if not len(broken):
        return
    at = tuple(broken[0])
    where = f" at position {', '.join(map(str, at))}" if at else ""
    more = f", and {len(broken) - 1} more like it" if len(broken) > 1 else ""
    raise GridError(
        f"the gap from {low[at]:.4g} to {high[at]:.4g}{where} does not have two finite ends{more}",
        remedy="Mend or leave out what was not measured; choose a metric that is defined on every row.",
    )


def number(given: ArrayLike) -> Floats:
    """Float64, whatever was given."""
    return np.asarray(given, dtype=np.float64)


def of_strike(grid: Grid, strikers: Sequence[str], *, column: str | None = None) -> pd.DataFrame:
    """What some objects can do together on a grid: strike, contribute to a rival that has nothing else, or both.

    The large firm trains on everyone else, the small one on the strikers alone; worst is what guessing scores, best the full
    row. Both views are given (Vincent & Hecht 2021): *fixed holdout*, everyone's audit examples; and *company*, those of the
    owners whose data the firm holds, with the share of examples that it retains, since a score can rise by losing the hard
    cases. The company view needs a column for each owner, and is NaN where there is none.

    Parameters
    ----------
    strikers : names of objects. column : an audit column that everyone is judged on; the first unless given.

    Returns a DataFrame indexed by view: scores `large` and `small`, `deletion`, `duplication`, `transfer`, and the shares
    retained by each. Transfer is a share of what the large firm has left, and NaN where that is within two standard errors of
    nothing, these taken to be as large as the gap's. Raises GridError for unknown objects, nobody or everybody, GapError for a
    gap within noise.
    """
    unknown = [name for name in strikers if name not in grid.objects]
    if unknown or not 0 < len(set(strikers)) < grid.n_objects:
        what = f"{unknown[0]!r} is no object" if unknown else "nobody or everybody strikes"
        raise GridError(what, remedy=f"Name some of {', '.join(grid.objects[:20])}, not all.")
    return of_strikes(grid, np.isin(np.array(grid.objects), list(strikers))[None, :], column).set_index("view")


def of_strikes(grid: Grid, strikes: Mask, column: str | None) -> pd.DataFrame:
    """As `of_strike`, a line for each group (S, n) bool and view, one group after the other."""
    import pandas as pd

    where = grid.column(column) if column is not None else 0
    known = grid.gap(grid.column_names[where])
    sign = 1.0 if METRICS[grid.columns[where].metric].greater_is_better else -1.0
    worst, best = sign * known.floor, sign * known.full
    gap(worst, best, known.error)  # refused once for all, also where the company view cannot be given
    rows = np.stack([~strikes, strikes], axis=1).reshape(-1, grid.n_objects).astype(np.uint8)
    scores = grid.scores(rows)
    company, retained = company_view(grid, rows, scores, where)
    lines = []
    for view, each, kept in (
        ("fixed holdout", scores[:, where].reshape(-1, 2), np.ones((len(strikes), 2))),
        ("company", company.reshape(-1, 2), retained.reshape(-1, 2)),
    ):
        large, small = each.T
        lost, given = deletion(sign * large, worst, best), duplication(sign * small, worst, best)
        left = [clear(each, known.error) for each in (sign * large - worst).tolist()]  # NaN is not
        both = np.full(len(left), np.nan)
        np.divide(given, 1 - lost, out=both, where=left)
        part = {"view": view, "large": large, "small": small, "deletion": lost, "duplication": given, "transfer": both}
        lines.append(pd.DataFrame({**part, "large retains": kept[:, 0], "small retains": kept[:, 1]}))
    return pd.concat(lines).sort_index(kind="stable").reset_index(drop=True)


def by_share(
    grid: Grid, shares: Sequence[float] | None = None, *, column: str | None = None, samples: int = 50, seed: int = 0
) -> pd.DataFrame:
    """What random strikes and contributions of a share of all objects can do: the curves of Vincent & Hecht (2021).

    Parameters
    ----------
    shares : of objects that act together, each above 0 and below 1 and rounded to a whole number of them, at least one and not
        all; tenths unless given.
    column : an audit column that everyone is judged on; the first unless given.
    samples : random groups of each size, at least one, and two to know how sure they are. seed : of the draws.

    Returns a DataFrame indexed by view and share: means over groups of `deletion`, `duplication` and `transfer`, their standard
    errors (`deletion error` …), and the share of examples that each firm retains. Where one group's transfer cannot be told,
    the mean cannot either and is NaN: the others alone would flatter. Raises as `of_strike` does, and GridError for shares and
    samples that are none and for a grid of one object.
    """
    import pandas as pd

    n = grid.n_objects
    wanted = shares_of(grid, shares, samples)
    rng = Streams(seed)["leverage"]
    lines = []
    for acting in dict.fromkeys(min(max(round(f * n), 1), n - 1) for f in wanted):
        groups = rng.random((samples, n)).argsort(axis=1)[:, :acting]
        drawn = np.unique(np.sort(groups, axis=1), axis=0)
        strikes = np.zeros((len(drawn), n), dtype=bool)
        strikes[np.arange(len(drawn))[:, None], drawn] = True
        found = of_strikes(grid, strikes, column)
        for view, part in found.groupby("view", sort=False):
            numbers = part.drop(columns="view")
            mean, error = numbers.mean(skipna=False), numbers.std(skipna=False, ddof=1) / np.sqrt(len(part))
            error *= np.sqrt(1 - len(part) / comb(n, acting))  # drawn without putting back: nothing is left where all are
            power = ["deletion", "duplication", "transfer"]
            errors = {f"{name} error": error[name] for name in power}
            lines.append(
                {"view": view, "share": acting / n, **mean[power], **errors, **mean[["large retains", "small retains"]]}
            )
    return pd.DataFrame(lines).set_index(["view", "share"])


def smallest_share(found: pd.DataFrame, above: float = 0.8, *, power: str = "duplication") -> pd.Series:
    """The smallest share of objects whose power is above a level, in each view: how Vincent & Hecht (2021) sum up a curve.

    With what it is unless told otherwise, the smallest f with `DLP_cdc(f) > 0.8`: how many contributors bring a rival that has
    nothing else four fifths of the way from guessing to all data.

    Parameters
    ----------
    found : a frame as of `by_share`: indexed by view and share, with a column for each power.
    above : the level, which the power must exceed. power : duplication, deletion or transfer.

    Returns a Series indexed by view, of the shares that were measured: the smallest such one, whatever larger ones do; inf
    where none is above, NaN where none was told. What is compared is the mean over groups, without its interval. Raises
    GridError for another frame, and for a level that is no number.
    """
    import pandas as pd

    if not isinstance(found, pd.DataFrame) or list(found.index.names) != ["view", "share"] or power not in found.columns:
        raise GridError(f"there is no {power!r} by view and share", key="found", remedy="Pass `leverage.by_share(grid)`.")
    if not np.isfinite(above):
        raise GridError(f"a level of {above} is no number", key="above", remedy="Give 0.8, say.")

    def smallest(told: pd.Series) -> float:
        if told.isna().all():
            return float("nan")
        reached = told.index.get_level_values("share")[told > above]
        return float(reached.min()) if len(reached) else float("inf")

    return found[power].groupby(level="view", sort=False).agg(smallest).rename("share")


def shares_of(grid: Grid, shares: Sequence[float] | None, samples: int) -> list[float]:
    """The shares that were asked for, or tenths. Raises GridError for what no random group of objects can be."""
    if grid.n_objects < 2:
        raise GridError(
            "one object cannot act apart from others: a group needs somebody in it and somebody outside",
            key="data.objects",
            remedy="Make two or more objects.",
        )
    if samples < 1:
        raise GridError(f"{samples} groups of a size cannot stand for all", key="samples", remedy="Draw at least two.")
    if shares is None:
        return [k / 10 for k in range(1, 10)]
    try:
        wanted = [float(share) for share in shares]
    except (TypeError, ValueError) as error:
        raise GridError(f"shares are numbers: {error}", key="shares", remedy="Give shares such as [0.1, 0.5].") from error
    wrong = [share for share in wanted if not 0 < share < 1]  # NaN is not
    if wrong or not wanted:
        what = f"a share of {wrong[0]} is not between 0 and 1" if wrong else "there are no shares"
        raise GridError(what, key="shares", remedy="Give shares such as [0.1, 0.5]; leave them out for tenths.")
    return wanted


def company_view(grid: Grid, rows: Rows, scores: Floats, where: int) -> tuple[Floats, Floats]:
    """(R,) scores on the examples of the owners whose data each row holds, and (R,) the share of owned examples these are."""
    world, like = grid.world, grid.columns[where]
    nothing = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    if world is None or world.owner_of is None or METRICS[like.metric].mean != "examples":
        return nothing
    owner_of = {part.name: part.owner for part in world.slices if part.owner is not None}
    own = [c for c, x in enumerate(grid.columns) if x.part == like.part and x.slice in owner_of and x.metric == like.metric]
    if not own:
        return nothing
    owner = np.array([owner_of[grid.columns[c].slice] for c in own])
    holds = np.stack([np.isin(owner, world.owner_of[row > 0]) for row in rows])
    examples = np.array([grid.columns[c].examples for c in own])
    left = (holds * examples).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (holds * examples * scores[:, own]).sum(axis=1) / left, left / examples.sum()
