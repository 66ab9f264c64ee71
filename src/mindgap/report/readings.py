"""How to read a metric, in one line each: its range, what is good, and what to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mindgap.analysis import Cell, Mean, Measured, mean


@dataclass(frozen=True)
class Reading:
    """One metric on the page.

    Attributes:
        title: what it is called there.
        how: its range and what is good, one line.
        line: the value to compare with, None where there is none.
        line_name: what stands at that line.
    """

    title: str
    how: str
    line: float | None = None
    line_name: str = ""


#: Of models after the last labels; what the sections above show already is left out.
BALANCE: Mapping[str, Reading] = {
    "conditional_utilisation": Reading(
        "conditional utilisation",
        "Share of the accuracy that goes when the modality is withheld, at most 1. 0: not needed, "
        "which redundancy explains as well as neglect.",
        0.0,
    ),
    "interaction": Reading(
        "interaction index",
        "What two modalities tell together beyond what each tells, −1 to 1. Below 0 they are used "
        "as redundant, above 0 as complementary.",
        0.0,
    ),
    "perceptual_score": Reading(
        "perceptual score",
        "Share of the accuracy lost when the modality is another sample's, at most 1. 0: ignored.",
        0.0,
        "ignored",
    ),
    "mipd": Reading(
        "MIPD",
        "How far that moves the prediction, 0 to 0.69 nats; needs no labels. 0: ignored. More "
        "means it is listened to, not that this is right.",
        0.0,
        "ignored",
    ),
    "accuracy_only_permuted": Reading(
        "accuracy, others permuted",
        "All other modalities are another sample's, 0 to 1. High: the model follows this one.",
    ),
    "accuracy_without_permuted": Reading(
        "accuracy, this permuted",
        "Only this modality is another sample's, 0 to 1. High: the model does without it.",
    ),
    "emap_gap": Reading(
        "EMAP gap",
        "Accuracy that rests on combining modalities, −1 to 1. 0: the model is additive; that "
        "doesn't say there is nothing to combine.",
        0.0,
        "additive",
    ),
    "ogm_ratio": Reading(
        "OGM ratio",
        "Log of how sure the modality's own head is of the label over the others. Above 0 it "
        "leads; equal is right only where modalities tell equally much.",
        0.0,
        "equal",
    ),
    "probe_gap": Reading(
        "probe gap",
        "What an encoder trained alone would know more, −1 to 1. Above 0: joint training has "
        "held this encoder back; good is 0 or below.",
        0.0,
        "as if alone",
    ),
    "latent_probe": Reading(
        "latent probe",
        "What the encoder knows of each value hidden in its modality, 0 to 1. 0.5: guessing; good "
        "is high. Also of an exclusive or, which no class probe sees.",
        0.5,
        "guessing",
    ),
    "latent_gap": Reading(
        "latent gap",
        "What an encoder trained alone would know more of that value, −1 to 1. Above 0: joint "
        "training has held it back.",
        0.0,
        "as if alone",
    ),
    "utilisation_ume": Reading(
        "utilisation beside an ensemble",
        "Shapley value over that of separately trained networks. 1: as much use as they make; "
        "0: neglect. Above 1 modalities tell more together.",
        1.0,
        "ensemble",
    ),
    "imbalance_ume": Reading(
        "imbalance beside an ensemble",
        "Log of the largest over the smallest of these, at least 0. Good is near 0.",
        0.0,
        "balanced",
    ),
    "violation": Reading(
        "confidence violation",
        "How often the model is surer with a modality less, 0 to 1. Good is low; a few are right.",
    ),
    "ece_shown": Reading(
        "calibration error",
        "How far confidence and accuracy are apart with only these shown, 0 to 1. Good is near 0.",
        0.0,
    ),
    "ece": Reading(
        "calibration error by kind of sample",
        "How far confidence and accuracy are apart, 0 to 1. Good is near 0.",
        0.0,
    ),
    "nll": Reading(
        "negative log-likelihood",
        "In nats, at least 0; good is low. Sure and wrong costs much.",
    ),
}

#: Of queries; a mean over all of them.
SELECTION: Mapping[str, Reading] = {
    "incomplete_lift": Reading(
        "incomplete lift",
        "Share of samples that lack a modality, over that of the candidates. 1: as random; below "
        "1 complete samples are preferred.",
        1.0,
        "random",
    ),
    "pattern_lift": Reading(
        "pattern lift",
        "Share of samples with exactly these modalities, over that of the candidates. 1: as "
        "random, 0: none bought.",
        1.0,
        "random",
    ),
    "pattern_divergence": Reading(
        "pattern divergence",
        "How far the bought patterns are from the candidates', in nats, at least 0. Chance alone "
        "makes it positive: compare with random.",
    ),
    "class_entropy": Reading(
        "class entropy",
        "How evenly classes are bought, 0 to 1. 1: as many of each; random stays a little below.",
        1.0,
        "even",
    ),
    "class_shift": Reading(
        "class shift",
        "How far bought classes are from the candidates', 0 to 1. 0: the same shares. In an "
        "unbalanced pool a shift may be good.",
    ),
    "aleatoric_waste": Reading(
        "aleatoric waste",
        "Noise bought beyond what random buys, in nats. Above 0: samples that stay uncertain "
        "whatever is learned.",
        0.0,
        "random",
    ),
    "epistemic_yield": Reading(
        "epistemic yield",
        "How much more there was to learn from the chosen than from all, in nats. Above 0 is good.",
        0.0,
        "random",
    ),
    "corruption_lift": Reading(
        "corruption lift",
        "Share of samples in which the modality is noise, over that of the candidates. 1: as "
        "random; below 1 they are avoided.",
        1.0,
        "random",
    ),
    "shortcut_lift": Reading(
        "shortcut lift",
        "Share of samples that contradict the shortcut, over that of the candidates. Above 1 is "
        "good: these unteach it.",
        1.0,
        "random",
    ),
    "cell_coverage": Reading(
        "cell coverage",
        "Share of the latent cells that have a label, 0 to 1. An exclusive or can't be learned "
        "where one stays empty; good is 1.",
        1.0,
        "all",
    ),
    "dominance": Reading(
        "dominance",
        "Which modality moves the predictions of the chosen, −1 to 1. 1: this one alone, 0: "
        "equal shares. Compare with the pool.",
        0.0,
        "equal",
    ),
    "dominance_pool": Reading(
        "dominance in the pool",
        "The same over all candidates.",
        0.0,
        "equal",
    ),
}


@dataclass(frozen=True)
class Shown:
    """One metric of one task and learner: subject -> strategy -> mean over seeds."""

    metric: str
    reading: Reading
    values: Mapping[str, Mapping[str, Mean]]


def after_training(measured: Measured, cell: Cell) -> list[Shown]:
    """Metrics of the models at the last round compared."""
    return list(filter(None, (_shown(measured, cell, m, r, False) for m, r in BALANCE.items())))


def of_queries(measured: Measured, cell: Cell) -> list[Shown]:
    """Metrics of what was chosen: the mean over queries, but coverage, which adds up."""
    found = (
        _shown(measured, cell, metric, reading, metric != "cell_coverage")
        for metric, reading in SELECTION.items()
    )
    return list(filter(None, found))


def _shown(
    measured: Measured, cell: Cell, metric: str, reading: Reading, averaged: bool
) -> Shown | None:
    runs = {run for name in cell.runs for run in cell.of(name)}
    values = {}
    for subject in _ordered(measured.subjects(metric, runs), cell):
        by_strategy = {
            name: mean([_one(measured, cell, metric, subject, r, averaged) for r in cell.of(name)])
            for name in cell.runs
        }
        kept = {name: found for name, found in by_strategy.items() if found.n}
        if kept:
            values[subject] = kept
    return Shown(metric, reading, values) if values else None


def _one(
    measured: Measured, cell: Cell, metric: str, subject: str, run: str, averaged: bool
) -> float:
    curve = measured.curve(metric, subject, run, cell.rounds)
    if not averaged:
        return float(curve[-1])
    told = curve[np.isfinite(curve)]
    return float(told.mean()) if len(told) else float("nan")


def _ordered(subjects: Sequence[str], cell: Cell) -> list[str]:
    """In the order of the card's modalities, the rest after them by name."""
    order = {name: i for i, name in enumerate(cell.card.get("modalities", ()))}
    return sorted(subjects, key=lambda subject: (order.get(subject, len(order)), subject))
