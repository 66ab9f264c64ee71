"""Real data sets: a file each."""
