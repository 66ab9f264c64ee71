"""Figures and the HTML page, from the store alone."""
