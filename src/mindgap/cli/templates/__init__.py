"""What `mindgap cp` copies; each is a working component."""
