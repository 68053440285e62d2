"""Strategies of creators, one family a file."""
