"""Showing a record: one HTML page that opens from disk, and the charts on it."""
