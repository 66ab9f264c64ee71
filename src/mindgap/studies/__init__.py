"""Packaged studies, chosen by name."""
