"""What the world scores: rows, columns, the oracle that trains, and the grid that asks it only when asked."""
