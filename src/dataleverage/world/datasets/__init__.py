"""Sources of data, one family a file."""
