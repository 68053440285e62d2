"""Ways to choose the row to train on, one family a file."""
