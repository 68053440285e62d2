"""Signals and critical mass: what share of the data a collective needs to make a firm say what it wants.

On finite tables exactly, by bounds, and on firms that are really trained. See docs/reference/signal.md.
"""

from dataleverage.measure.signal.bounds import alpha_bound, erasing_bound, feature_only_bound, planting_bound
from dataleverage.measure.signal.firm import bayes_success, possible_labels
from dataleverage.measure.signal.participation import effective_alpha, gradient_alpha, sustains, tipping_share
from dataleverage.measure.signal.planted import Signal, mixture
from dataleverage.measure.signal.staircase import Staircase, staircase
from dataleverage.measure.signal.statistical import radius, statistical_bound
from dataleverage.measure.signal.trained import AlphaSuccess, alpha_success
from dataleverage.world.finite_table import FiniteTable

__all__ = [
    "AlphaSuccess",
    "FiniteTable",
    "Signal",
    "Staircase",
    "alpha_bound",
    "alpha_success",
    "bayes_success",
    "effective_alpha",
    "erasing_bound",
    "feature_only_bound",
    "gradient_alpha",
    "mixture",
    "planting_bound",
    "possible_labels",
    "radius",
    "staircase",
    "statistical_bound",
    "sustains",
    "tipping_share",
]
