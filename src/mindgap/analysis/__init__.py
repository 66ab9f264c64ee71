"""Tables and paired statistics, from the store alone."""

from mindgap.analysis.asked import REFERENCE, Asked, Gap
from mindgap.analysis.bands import band
from mindgap.analysis.bootstrap import Drawn
from mindgap.analysis.budgets import AtBudget
from mindgap.analysis.ceiling import Ceiling, Gain
from mindgap.analysis.cells import Cell, cells
from mindgap.analysis.claims import CLAIMS, Claim, claims
from mindgap.analysis.comparison import ALPHA, Row, accuracy, compare
from mindgap.analysis.curves import Measured, aubc, measured
from mindgap.analysis.overall import Overall
from mindgap.analysis.overlap import Overlap, attribution, overlaps
from mindgap.analysis.paired import CONFIDENCE, Difference, Mean, difference, holm, mean
from mindgap.analysis.patterns import Pattern, incomplete_chosen, incomplete_pool, patterns
from mindgap.analysis.reliance import (
    Reliance,
    against_control,
    least_used,
    modalities,
    prescribed,
    reliance,
)
from mindgap.analysis.savings import Saving
from mindgap.analysis.seconds import Seconds, seconds
from mindgap.analysis.severity import Growth, SeverityCurve, Step
from mindgap.analysis.study import Analysis, Compared, analyse
from mindgap.analysis.symptoms import VERDICTS, Outcome, Twins, symptoms, verdict

__all__ = [
    "ALPHA",
    "CLAIMS",
    "CONFIDENCE",
    "REFERENCE",
    "VERDICTS",
    "Analysis",
    "Asked",
    "AtBudget",
    "Ceiling",
    "Cell",
    "Claim",
    "Compared",
    "Difference",
    "Drawn",
    "Gain",
    "Gap",
    "Growth",
    "Mean",
    "Measured",
    "Outcome",
    "Overall",
    "Overlap",
    "Pattern",
    "Reliance",
    "Row",
    "Saving",
    "Seconds",
    "SeverityCurve",
    "Step",
    "Twins",
    "accuracy",
    "against_control",
    "analyse",
    "attribution",
    "aubc",
    "band",
    "cells",
    "claims",
    "compare",
    "difference",
    "holm",
    "incomplete_chosen",
    "incomplete_pool",
    "least_used",
    "mean",
    "measured",
    "modalities",
    "overlaps",
    "patterns",
    "prescribed",
    "reliance",
    "seconds",
    "symptoms",
    "verdict",
]
