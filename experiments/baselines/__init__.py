"""Studies of the baselines."""
