"""Published data sets that are read from a copy, a file a set."""
