"""Real data sets: a file each; those that are read from copies are in `copies`."""
