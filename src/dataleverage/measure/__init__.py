"""What a grid or a record says."""
