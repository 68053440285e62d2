"""Values of data objects, one family a file: `dl.values.shapley(table)` and so on.

What takes a table returns a DataFrame (objects × columns).
"""

from dataleverage.measure.values.bagging import data_oob
from dataleverage.measure.values.core import least_core
from dataleverage.measure.values.datamodel import datamodel
from dataleverage.measure.values.estimate import Estimate, estimate
from dataleverage.measure.values.evaluation import evaluation_side
from dataleverage.measure.values.influence import influence
from dataleverage.measure.values.interactions import interactions, moebius
from dataleverage.measure.values.leave_one_out import leave_group_out, leave_one_out
from dataleverage.measure.values.neighbours import knn_shapley
from dataleverage.measure.values.owen import owen
from dataleverage.measure.values.semivalues import banzhaf, beta_shapley, beta_weights, semivalue, shapley
from dataleverage.measure.values.shares import shares

__all__ = [
    "Estimate",
    "banzhaf",
    "beta_shapley",
    "beta_weights",
    "data_oob",
    "datamodel",
    "estimate",
    "evaluation_side",
    "influence",
    "interactions",
    "knn_shapley",
    "least_core",
    "leave_group_out",
    "leave_one_out",
    "moebius",
    "owen",
    "semivalue",
    "shapley",
    "shares",
]
