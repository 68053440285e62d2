"""Policies of operators: selection, defence, response."""
