"""The tornado of a sweep: which varied path an outcome hangs on, the most important on top."""

from __future__ import annotations

import numpy as np

from dataleverage.sweep.sensitivity import Sensitivity
from dataleverage.view.figures import INK
from dataleverage.view.sweep_axes import COLOURS, Drawing, empty, plain
from dataleverage.view.sweep_words import outcome_name, short_names, tick_format, unit_of

SHOWN = 25


def tornado(found: Sensitivity) -> Drawing:
    """Bars of first-order and total indices, or of mu* and sigma, with their intervals."""
    if found.method == "sobol":
        pairs = [("total", "with its interactions", COLOURS[4]), ("first", "alone", COLOURS[0])]
        label, unit = "share of the variance", ""
    else:
        pairs = [
            ("mu_star", "mean absolute effect (μ*)", COLOURS[0]),
            ("sigma", "how much it differs by place (σ)", COLOURS[1]),
        ]
        unit = unit_of(found.outcome)
        label = "effect of a step across the whole range" + (f" ({unit})" if unit and unit != "share" else "")
    names = short_names(list(found.indices.index))
    table = found.indices.sort_values(pairs[0][0], ascending=False, kind="stable").iloc[:SHOWN]
    figure, (panel,) = empty(f"What {outcome_name(found.outcome).lower()} hangs on", height=1.7 + 0.55 * len(table))
    where = np.arange(len(table), dtype=np.float64)
    for k, (name, text, colour) in enumerate(pairs):
        values = table[name].to_numpy()
        reach = np.stack([values - table[f"{name}_low"], table[f"{name}_high"] - values])
        reach = np.where(np.isfinite(reach), reach, 0.0)
        at = where + (k - 0.5) * 0.36
        panel.barh(at, values, height=0.34, color=colour, label=text)
        panel.errorbar(values, at, xerr=reach, fmt="none", ecolor=INK, capsize=2.5, linewidth=1)
    panel.set_yticks(where, [plain(names[path]) for path in table.index])
    panel.set_ylim(len(table) - 0.4, -0.6)
    panel.axvline(0, color=INK, linewidth=0.8)
    panel.set_xlabel(plain(label))
    if unit.startswith("share"):
        panel.xaxis.set_major_formatter(tick_format(unit))
    panel.legend(frameon=False, labelcolor=INK, fontsize=9, loc="lower right")
    told = {
        "sobol": "Sobol' indices: shares of the variance that a path explains alone, and with all its interactions",
        "morris": "Morris's elementary effects; where σ is large the effect depends on the other paths, or bends",
    }[found.method]
    told += f"; lines are 95 % intervals over the points of the sample; of {found.worlds} world{'s' * (found.worlds > 1)}"
    full = "; ".join(f"{names[path]}: {path}" for path in table.index if names[path] != path)
    if len(table) < len(found.indices):
        told += f"; the first {len(table)} of {len(found.indices)} paths"
    return Drawing(f"{found.outcome}-tornado", figure, ". ".join(part for part in (told, full) if part) + ".")
