"""The file format: one game a file, checked whole before anything runs."""
