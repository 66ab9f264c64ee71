"""What is run: spec, plan, loop, store, workers."""
