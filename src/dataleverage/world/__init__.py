"""What there is: examples in data objects, evaluation slices, and poisoned variants."""
