"""Many runs of a game, and what they say together."""
