"""Transforms of features, one a file."""
