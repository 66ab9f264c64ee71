"""Figures and the HTML page, from the store alone."""

from mindgap.report.page import write
from mindgap.report.table import table

__all__ = ["table", "write"]
