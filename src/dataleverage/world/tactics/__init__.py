"""Tactics of poison, one family a file."""
