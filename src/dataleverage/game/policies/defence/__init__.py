"""Ways to keep poison out of a model, one family a file."""
