"""Answers: what operators' policies answer, held to what they may. Nonsense is told by name, with the round."""

from __future__ import annotations

import numpy as np

from dataleverage.errors import GameError
from dataleverage.game.desk import Desk
from dataleverage.game.policy import Answer, Bill
from dataleverage.grid.rows import Rows
from dataleverage.kinds import Kind
from dataleverage.world.world import Floats, Mask


def checked_purchase(desk: Desk, wanted: Mask, offered: Mask) -> Mask:
    """(n,) bool the objects that an operator buys, none but of those `offered` (n,). Raises GameError."""
    policy, found = desk.operator.selection, np.asarray(wanted)
    if found.shape != offered.shape or found.dtype.kind != "b":
        raise nonsense(desk, policy, f"purchases {shape_of(found)}", f"a yes or no for each of {len(offered)} objects")
    if (found & ~offered).any():
        what = desk.setup.grid.objects[int(np.argmax(found & ~offered))]
        raise nonsense(
            desk, policy, f"the purchase of {what}", "objects that are offered: there, delivered, and not bought yet"
        )
    return found


def checked_rows(desk: Desk, policy: Kind, rows: Rows, within: Rows) -> Rows:
    """Rows (B, n) that take nothing but what `within` (B, n) has, each object as it is there. Raises GameError."""
    if rows is within:
        return rows
    found = np.asarray(rows)
    if found.shape != within.shape or found.dtype != np.uint8:
        raise nonsense(desk, policy, f"rows {shape_of(found)}", f"{within.shape} of uint8")
    beyond = (found != within) & (found > 0)
    if beyond.any():
        line, j = (int(each) for each in np.argwhere(beyond)[0])
        what = desk.setup.grid.objects[j]
        has = "does not hold it" if not within[line, j] else f"holds it as {within[line, j]}"
        raise nonsense(desk, policy, f"the object {what} as {found[line, j]}", f"a row within its holdings: it {has}")
    return found


def checked_weights(desk: Desk, policy: Kind, weights: Floats | None, rows: Rows) -> Floats | None:
    """Weights (B, n) from 0 to 1 of the objects of rows (B, n), or None. Raises GameError."""
    if weights is None:
        return None
    found = np.asarray(weights)
    if found.shape != rows.shape or found.dtype.kind != "f":
        raise nonsense(desk, policy, f"weights {shape_of(found)}", f"{rows.shape} numbers from 0 to 1")
    wrong = ~((found >= 0) & (found <= 1))  # NaN is neither
    if wrong.any():
        raise nonsense(desk, policy, f"a weight of {found[wrong][0]}", "numbers from 0 to 1")
    return found


def checked_suspicion(desk: Desk, policy: Kind, found: Floats | None, rows: Rows) -> Floats | None:
    """How suspect each object of rows (B, n) is: numbers, or None. Raises GameError."""
    if found is None:
        return None
    given = np.asarray(found)
    if given.shape != rows.shape or given.dtype.kind != "f":
        raise nonsense(desk, policy, f"suspicions {shape_of(given)}", f"{rows.shape} numbers")
    if np.isnan(given).any():
        raise nonsense(desk, policy, "a suspicion that is no number", "numbers")
    return given


def checked_scores(desk: Desk, policy: Kind, scores: Floats, trained: Floats) -> Floats:
    """Scores (B, C) that are numbers wherever those of the models `trained` (B, C) are. Raises GameError."""
    if scores is trained:
        return scores
    found = np.asarray(scores)
    if found.shape != trained.shape or found.dtype.kind != "f":
        raise nonsense(desk, policy, f"scores {shape_of(found)}", f"{trained.shape} numbers")
    wrong = ~np.isfinite(found) & np.isfinite(trained)
    if wrong.any():
        raise nonsense(desk, policy, f"a score of {found[wrong][0]}", "finite numbers")
    return found


def checked_release(
    desk: Desk, policy: Kind, released: tuple[Rows, Floats], trained: tuple[Rows, Floats], held: Rows
) -> tuple[Rows, Floats]:
    """The model that is served in each line: the one trained, or one served before. Raises GameError.

    Under `rights.model_deletion` no model may be served that learned from what is not held (B, n) any more.
    """
    rows, scores = released
    if rows is trained[0] and scores is trained[1]:
        return released
    found = np.asarray(rows)
    if found.shape != held.shape or found.dtype != np.uint8:
        raise nonsense(desk, policy, f"rows {shape_of(found)}", f"{held.shape} of uint8")
    scores = checked_scores(desk, policy, scores, trained[1])
    known = {row.tobytes() for row, _ in desk.served}
    for line in np.flatnonzero((found != trained[0]).any(axis=1)).tolist():
        if found[line].tobytes() not in known:
            raise nonsense(desk, policy, "a model that it neither trained now nor served before", "one of these")
    if desk.setup.rights.model_deletion and ((found > 0) & (held == 0)).any():
        j = int(np.argwhere((found > 0) & (held == 0))[0, 1])
        raise nonsense(
            desk, policy, f"a model of {desk.setup.grid.objects[j]}, which was deleted", "models of what it holds alone"
        )
    return found, scores


def checked_bill(desk: Desk, bill: Bill, batch: int) -> Bill:
    """A bill of (B, N) amounts, none negative. Raises GameError."""
    policy, amount = desk.operator.response, np.asarray(bill.amount)
    expected = (batch, desk.setup.n_creators)
    if amount.shape != expected or amount.dtype.kind not in "fiu":
        raise nonsense(desk, policy, f"amounts {shape_of(amount)} for {bill.reason!r}", f"{expected} numbers")
    wrong = ~((amount >= 0) & np.isfinite(amount))
    if wrong.any():
        raise nonsense(desk, policy, f"an amount of {amount[wrong][0]} for {bill.reason!r}", "finite numbers of at least 0")
    return bill


def checked_answer(desk: Desk, answer: Answer | None) -> Answer | None:
    """Agreements with collectives that deal with the operator, and bans of the creators there are. Raises GameError."""
    if answer is None:
        return None
    policy, mine = desk.operator.response, {union.position for union in desk.unions}
    if answer.grants and not policy.agrees:
        raise nonsense(desk, policy, "an agreement", "none, of a response that does not say that it makes them (`agrees`)")
    for agreement in answer.grants:
        if agreement.operator != desk.position or agreement.collective not in mine:
            raise nonsense(
                desk,
                policy,
                f"an agreement of operator {agreement.operator} with collective {agreement.collective}",
                f"its own ({desk.position}), with one of the collectives {sorted(mine)} that deal with it",
            )
        terms = np.array([agreement.rate, agreement.wage, agreement.promise, agreement.spill])
        if not (np.isfinite(terms).all() and (terms >= 0).all() and agreement.rate <= 1):
            raise nonsense(desk, policy, f"the terms {agreement}", "finite ones of at least 0, and a rate of at most 1")
    strange = [u for u in answer.breaks if u not in mine]
    if strange:
        raise nonsense(desk, policy, f"that it breaks with collective {strange[0]}", f"one of {sorted(mine)}")
    if answer.bans is not None:
        bans = np.asarray(answer.bans)
        if bans.shape != (desk.setup.n_creators,) or bans.dtype.kind not in "iu":
            raise nonsense(desk, policy, f"bans {shape_of(bans)}", f"a round for each of {desk.setup.n_creators} creators")
    return answer


def shape_of(array: np.ndarray) -> str:
    """What an array is, in words."""
    return f"of shape {array.shape} and type {array.dtype}"


def nonsense(desk: Desk, policy: Kind, found: str, expected: str) -> GameError:
    """The error for what a policy may not answer."""
    family = type(policy)._family
    return GameError(
        f"the {family} {policy.tag} of {desk.name} answered round {desk.round} with {found}; expected {expected}",
        key=f"operators.{desk.position}.{family}",
    )
