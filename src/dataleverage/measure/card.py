"""The leverage card: one page on one record, with what it shows, how sure that is, and what it does not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dataleverage.measure.harm import harm
from dataleverage.measure.intervals import over_worlds
from dataleverage.measure.outcomes import outcomes
from dataleverage.record.record import Record

SHOWN = 6  # slices named one by one
MASSES = {
    "alpha_success": "share of examples at which a trained firm yields the target",
    "alpha_bound": "share of examples that a theorem asks for",
    "tipping_share": "share of people from which participation grows by itself",
    "stable_size": "smallest strike that nobody wants to leave",
}


def card(record: Record) -> str:
    """The leverage card of a record, as Markdown text.

    Its parts: effect in both views, with an interval where other worlds were played; harm on audit slices that nobody
    monitored; the four critical masses, where the record holds them; detection; costs to each side; what was held fixed; and
    what this does not show. Every number is defined in the table of outcomes.
    """
    manifest = record.manifest
    parts = [
        f"# Leverage card: {manifest['title']}",
        " ".join(str(manifest["about"]).split()),
        section("Effect", effect(record)),
        section("Who acted", who(record)),
        section("Harm that nobody monitored", hidden_harm(record)),
        section("Critical mass", masses(manifest)),
        section("Detection", detection(manifest)),
        section("Costs", costs(record)),
        section("Held fixed", fixed(record)),
        section("What this does not show", limits(record)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def section(heading: str, lines: Sequence[str]) -> str:
    """A heading and its lines as a list."""
    return "\n".join([f"## {heading}", "", *(f"- {line}" for line in lines)])


def effect(record: Record) -> list[str]:
    """How much of the gap is gone, in both views, and what became of the score."""
    found, norm = outcomes(record), record.manifest["normalisation"]
    lines = [
        f"Fixed holdout (everyone's audit examples): {over(record, 'deletion_leverage')} of the gap between guessing and full "
        f"data is gone (here {norm['gap']:.3f}, standard error {norm['gap_se']:.3f})."
    ]
    if found["company_leverage"] is None:
        lines.append("Company view: not given; it needs a column for each owner, and somebody who is left.")
    else:
        lines.append(
            f"Company view (owners whose data is still held): {over(record, 'company_leverage')}, on "
            f"{percent(found['share_retained'])} of the audit examples. It can shrink by losing the hard cases."
        )
    lines.append(
        f"Score, in this {where(record)}: {number(found['start_score'])} → {number(found['final_score'])}; "
        f"change {over(record, 'score_change')}."
    )
    return lines


def over(record: Record, name: str) -> str:
    """An outcome with its interval over worlds, or with the words that there is one world."""
    worlds = [world[name] for world in record.manifest.get("worlds") or [] if world.get(name) is not None]
    if len(worlds) > 1:
        one = over_worlds(worlds)
        return f"{number(one.mean)} (95 % interval {number(one.low)} to {number(one.high)} over {one.worlds} worlds)"
    return f"{number(outcomes(record)[name])} (given this {where(record)}; no interval)"


def where(record: Record) -> str:
    """What a record is of: a world, or a table."""
    return "world" if record.manifest["learner"] else "table"


def who(record: Record) -> list[str]:
    """How many acted."""
    found = outcomes(record)
    count = len(record.creators)
    rounds, last = number(found["rounds_played"], 0), percent(found["final_acting_share"])
    return [
        f"{percent(found['peak_acting_share'])} of {count:,} creators at most, {last} in the last of {rounds} rounds; "
        f"withholding or deleting {percent(found['peak_strike_share'])} at most."
    ]


def hidden_harm(record: Record) -> list[str]:
    """What slices lost that no operator looked at, the worst first."""
    lost = harm(record)
    unseen = lost[~lost.monitored]
    if unseen.empty:
        return ["Every audit slice has monitor examples that an operator looked at."]
    shown = unseen.head(SHOWN)
    lines = [
        f"{name}: {percent(loss)} of the gap lost ({number(before)} → {number(after)})."
        for name, loss, before, after in zip(shown.slice, shown.loss, shown.before, shown.after, strict=True)
    ]
    more = len(unseen) - SHOWN
    return lines + ([f"and {more} more slices, none worse."] if more > 0 else [])


def masses(manifest: Mapping[str, Any]) -> list[str]:
    """The critical masses that a record holds under `critical_mass`; the others are told apart all the same."""
    known = manifest.get("critical_mass") or {}
    return [f"{name} ({text}): {mass(known.get(name))}." for name, text in MASSES.items()]


def mass(known: Mapping[str, Any] | None) -> str:
    """A critical mass, with the move of the strike that it is of, or why there is none."""
    if known is None:
        return "not computed"
    if known["value"] is None:
        return str(known["reason"])
    value = str(known["value"]) if isinstance(known["value"], int) else number(known["value"])
    return f"{value} of a strike ({known['move']})"


def detection(manifest: Mapping[str, Any]) -> list[str]:
    """How well the operators' defences told poison from honest data, where there were any."""
    kinds = [operator.get("defence", "none") for operator in manifest["scenario"].get("operators", [])]
    names = [kind if isinstance(kind, str) else str(kind.get("kind", "none")) for kind in kinds]
    if set(names) <= {"none"}:
        return ["No operator has a defence, so nothing was detected and no honest data thrown away."]
    found = manifest.get("detection")
    if found is None:
        return [f"Defence {', '.join(names)}: the record does not say how it did."]
    if not found:
        return [f"Defence {', '.join(names)}: it looks for no poison, so nothing was detected and no honest data thrown away."]
    return [line for name, one in found.items() for line in detected(name, one)]


def detected(operator: str, one: Mapping[str, Any]) -> list[str]:
    """What the defence of one operator caught and threw away wrongly, an object counted once in each round."""
    who = f"{operator}, {one['defence']}"
    if not one["rounds"]:
        return [f"{who}: nothing came before it in any round."]
    caught, wronged = f"{one['true_positives']:,} of {one['poisoned']:,}", f"{one['false_positives']:,} of {one['clean']:,}"
    lines = [
        f"{who}: over the {one['rounds']:,} rounds, from round 0 on, in which it worked, an object counted once in each, it "
        f"threw out {caught} poisoned objects (true positive rate {number(one['true_positive_rate'])}) and {wronged} clean "
        f"ones (false positive rate {number(one['false_positive_rate'])})."
    ]
    if one["auc"] is None:
        lines.append(
            f"{who}: only {'poisoned' if one['poisoned'] else 'clean'} objects came before it, so there is no ROC curve."
        )
    elif one["auc_of"] == "scores":
        lines.append(f"{who}: area under the ROC curve of how suspect it found objects: {number(one['auc'])} (0.5 is a coin).")
    else:
        lines.append(
            f"{who}: area under the ROC curve of this one operating point, (1 + true − false positive rate) / 2: "
            f"{number(one['auc'])} (0.5 is a coin)."
        )
    return lines


def costs(record: Record) -> list[str]:
    """What the play cost each side, beside as many rounds of the status quo."""
    found, before = outcomes(record), record.manifest["status_quo"]
    rounds, count = found["rounds_played"] or 0.0, len(record.creators)
    usual = (before["operator"] * rounds, before["creators"] * rounds * count)
    lines = [
        f"{side}: {number(found[name])} credits over the play, {number(expected)} had nobody moved."
        for side, name, expected in (
            ("Operator", "operator_profit", usual[0]),
            ("All creators together", "creators_welfare", usual[1]),
        )
    ]
    return [*lines, f"Payments between them: {number(found['transfers'])} credits."]


def fixed(record: Record) -> list[str]:
    """What was the same for everyone: data, seeds, learner, rights."""
    manifest = record.manifest
    norm = manifest["normalisation"]
    seeds = f"world (data.seed) {manifest['data_seed']}, play (seed) {manifest['seed']}"
    lines = [f"Data: {manifest['data_title']}; {seeds}.", f"Payoffs by the {norm['view'].replace('_', ' ')} view."]
    learner = manifest["scenario"].get("learner")
    if learner:
        kind = learner if isinstance(learner, str) else learner.get("kind")
        lines.append(f"Learner: {kind}, with the same parameters and preprocessing on every row.")
    rights = manifest["scenario"].get("rights")
    if rights:
        lines.append("Rights: " + ", ".join(f"{name} {'yes' if has else 'no'}" for name, has in rights.items()) + ".")
    return lines


def limits(record: Record) -> list[str]:
    """What a reader must not take this for, the record's own warnings included."""
    manifest = record.manifest
    lines = []
    if not manifest.get("worlds"):
        lines.append("Whether another split of the same data would say the same: play more worlds (`--worlds 20`).")
    lines.append(
        "Other learners, other sizes of model, or people who change their minds for reasons that are not in the rules."
    )
    lines.append("Anything about evaluation examples that nobody labelled.")
    if not manifest["learner"]:
        lines.append("Any training: the cells come from a table that somebody else measured.")
    return lines + [str(warning) for warning in manifest["warnings"]]


def number(value: float | None, digits: int = 3) -> str:
    """So many decimals, and no minus before a zero; unknown where there is none."""
    return "unknown" if value is None else f"{round(float(value), digits) + 0.0:.{digits}f}"


def percent(value: float | None) -> str:
    """A share in whole percent; unknown where there is none."""
    return "unknown" if value is None else f"{100 * float(value) + 0.0:.0f} %"
