"""Conformance checks that authors of kinds run on their own work."""

from dataleverage.testing.learners import check_learner
from dataleverage.testing.policies import check_policy
from dataleverage.testing.strategies import check_strategy

__all__ = ["check_learner", "check_policy", "check_strategy"]
