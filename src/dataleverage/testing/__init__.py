"""Conformance checks that authors of kinds run on their own work."""

from dataleverage.testing.learners import check_learner

__all__ = ["check_learner"]
