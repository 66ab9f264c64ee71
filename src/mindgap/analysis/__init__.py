"""Tables and paired statistics, from the store alone."""
