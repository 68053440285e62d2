"""Ways to answer creators, one family a file."""
