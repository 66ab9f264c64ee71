"""Numbers and findings in words; every sentence is computed."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mindgap.analysis import (
    ALPHA,
    CLAIMS,
    REFERENCE,
    VERDICTS,
    Analysis,
    Claim,
    Compared,
    Outcome,
    against_control,
    incomplete_chosen,
    incomplete_pool,
)

NONE = "–"

#: Told apart without colour.
SYMBOLS = dict(zip(VERDICTS, ("✓", "⇄", "○", "?"), strict=True))

#: Verdict -> what of the difference to the control, in the expected direction, it is said of.
MEANINGS = dict(
    zip(
        VERDICTS,
        (
            "the whole interval lies at or beyond the smallest difference worth naming, and p "
            f"after Holm's correction over all symptoms is below {ALPHA:g}",
            "the same on the other side",
            "the whole interval falls short of the smallest difference worth naming",
            "all else: an interval that holds both, or too few seeds for one",
        ),
        strict=True,
    )
)

#: Metric -> how it is said of a subject; the others are "metric of subject".
METRICS = {
    "accuracy": "accuracy ({})",
    "macro_f1": "macro-F1 ({})",
    "accuracy_only": "accuracy with only {} shown",
    "accuracy_without": "accuracy without {}",
    "incomplete": "share of incomplete samples among the chosen",
    "imbalance": "imbalance",
}


@dataclass(frozen=True)
class Finding:
    """A topic of the summary, and what is found about it.

    Attributes:
        open: how many of the sentences are for everyone; the rest is folded.
    """

    topic: str
    sentences: Sequence[str]
    open: int

    @property
    def folded(self) -> str:
        """What the rest is called."""
        left = len(self.sentences) - self.open
        return f"Task by task ({left})" if self.open == 0 else f"{counted(left, 'sentence')} more"


def visible(text: str) -> str:
    """Text from elsewhere; what isn't printed but steers (control, bidi) becomes U+FFFD."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "\ufffd"
        for c in text
    )


def short(text: str, most: int = 24) -> str:
    """One line of at most so many characters, cut in the middle."""
    line = " ".join(visible(text).split())
    if len(line) <= most:
        return line
    return f"{line[: most // 2]}…{line[len(line) - (most - most // 2 - 1) :]}"


def number(value: float | None, digits: int = 3) -> str:
    """0.951, or a dash where there is no number."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:.{digits}f}".replace("-", "−")


def signed(value: float | None, digits: int = 3) -> str:
    """The same with its sign: +0.012."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:+.{digits}f}".replace("-", "−")


def interval(low: float, high: float, digits: int = 3) -> str:
    """[−0.003, +0.027], empty where there is none."""
    return f"[{signed(low, digits)}, {signed(high, digits)}]" if math.isfinite(low) else ""


def labels_saved(saved: float) -> str:
    """+35, −12, or that the accuracy to save labels for was never reached."""
    if math.isnan(saved):
        return NONE
    return "not reached" if math.isinf(saved) else f"{saved:+.0f}".replace("-", "−")


def p_value(p: float) -> str:
    """Three digits, never 0."""
    if not math.isfinite(p):
        return NONE
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def p_phrase(p: float) -> str:
    """p = 0.012, p < 0.001, or that there is none."""
    if not math.isfinite(p):
        return "no p value"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def percent(share: float) -> str:
    """A share as 50 %."""
    return f"{100 * share:.0f} %"


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else list(names))


def counted(n: int, what: str) -> str:
    """1 seed, 2 seeds."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def cell_name(analysis: Analysis, compared: Compared) -> str:
    """The task, with its learner where there are several."""
    cell = compared.cell
    several = len({c.cell.learner for c in analysis.compared}) > 1
    return f"{cell.task} ({cell.learner})" if several else cell.task


def outcome_name(analysis: Analysis, outcome: Outcome) -> str:
    """The scenario of a symptom, with its learner where there are several."""
    several = len({o.learner for o in analysis.symptoms}) > 1
    return f"{outcome.task} ({outcome.learner})" if several else outcome.task


def what_is_measured(outcome: Outcome) -> str:
    """Utilisation of x2 with random, after 500 labels."""
    symptom, (first, last) = outcome.symptom, outcome.labels
    metric, subject = symptom["metric"], symptom["subject"]
    said = METRICS[metric].format(subject) if metric in METRICS else f"{metric} of {subject}"
    said += f" with {symptom['strategy']}"
    if symptom["minus"] == "bayes":
        said += ", minus Bayes"
    elif symptom["minus"]:
        said += f", minus that with {symptom['minus']}"
    if symptom["control_subject"] != subject:
        said += f" (in the control that of {symptom['control_subject']})"
    over = f"{first} to {last} labels"
    when = {"aubc": f"mean over {over}", "queries": f"mean over the queries at {over}"}
    return f"{said}, {when.get(symptom['at'], f'after {last} labels')}"


def told(outcome: Outcome) -> str:
    """The verdict with its numbers, or with the reason why there is none."""
    found, digits = outcome.to_control, 2 if outcome.symptom["smallest"] >= 0.1 else 3
    said = outcome.verdict
    if math.isfinite(found.low):
        said += f", {signed(found.mean, digits)} {interval(found.low, found.high, digits)}"
    return f"{said} ({outcome.why})" if outcome.why else said


def findings(analysis: Analysis, claimed: Sequence[Claim]) -> list[Finding]:
    """The summary; topics that nothing can be said about are left out.

    Args:
        claimed: what `claims` says of the same analysis.
    """
    open_, folded = len, lambda _: 0
    topics = (
        ("The paper's claims", _claims(claimed), open_),
        ("Strategies against random", _strategies(analysis), _general),
        ("Expected symptoms", _symptoms(analysis), open_),
        ("Use of modalities", _modalities(analysis), folded),
        ("Distance to the best possible", _bayes(analysis), folded),
        ("Missing modalities", _missing(analysis), folded),
        ("What is not in the numbers", _absent(analysis), open_),
    )
    return [
        Finding(topic, said, len(said) if len(said) == 1 else opened(said))
        for topic, said, opened in topics
        if said
    ]


def _general(sentences: Sequence[str]) -> int:
    """How many of the first ones are about all tasks."""
    return 2 if sentences[0].startswith("No ") and len(sentences) > 1 else 1


def _claims(claimed: Sequence[Claim]) -> list[str]:
    """One sentence for each claim about all tasks that something decides."""
    decided = [claim for claim in claimed if claim.effect is not None and not claim.scenario]
    several = len({claim.learner for claim in decided}) > 1
    return [
        f"{CLAIMS[claim.id][0].upper()}{CLAIMS[claim.id][1:]} ({claim.id})"
        f"{f', with {claim.learner}' if several else ''}: {claim.verdict}; {claim.reason}."
        for claim in decided
    ]


def _strategies(analysis: Analysis) -> list[str]:
    without = [c for c in analysis.compared if not c.cell.has_reference]
    said = []
    if without:
        names = listed([cell_name(analysis, c) for c in without])
        said.append(
            f"No {REFERENCE} strategy was measured on {names}: AUBC is shown there without "
            "differences."
        )
    rows = [(c, row) for c in analysis.compared for row in c.rows if row.to_reference]
    tested = [(c, row) for c, row in rows if math.isfinite(row.p_holm)]
    if rows and not tested:
        return [*said, "No comparison has a p value: a test needs at least two seeds."]
    if not tested:
        return said
    seeds = sorted({row.to_reference.n for _, row in tested if row.to_reference})
    over = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    better = sum(row.verdict > 0 for _, row in tested)
    worse = sum(row.verdict < 0 for _, row in tested)
    first = (
        f"{better} significantly better and {worse} worse of {counted(len(tested), 'comparison')} "
        f"of AUBC with {REFERENCE} ({over} seeds each, paired; at {percent(ALPHA)}, after Holm's "
        "correction within each task and learner)."
    )
    if len(tested) < len(rows):
        first += f" {len(rows) - len(tested)} more can't be tested."
    said.append(first)
    for c in analysis.compared:
        parts = []
        for sign, word in ((1, "better"), (-1, "worse")):
            winners = [
                f"{row.strategy} ({signed(row.to_reference.mean)})"
                for row in c.rows
                if row.to_reference and row.verdict == sign
            ]
            if winners:
                parts.append(f"{word}: {listed(winners)}")
        if parts:
            said.append(f"{cell_name(analysis, c)}: {'; '.join(parts)}.")
    none = [
        cell_name(analysis, c)
        for c in analysis.compared
        if any(math.isfinite(row.p_holm) for row in c.rows) and not any(r.verdict for r in c.rows)
    ]
    if none:
        halves = [
            (row.to_reference.high - row.to_reference.low) / 2
            for c, row in tested
            if row.to_reference and cell_name(analysis, c) in none
        ]
        said.append(
            f"No significant difference on {listed(none)}; the intervals there reach "
            f"±{number(float(np.median(halves)))} (median), so smaller differences can't be seen "
            "with this many seeds."
        )
    return said


def _symptoms(analysis: Analysis) -> list[str]:
    said = []
    for verdict in VERDICTS:
        names = [outcome_name(analysis, o) for o in analysis.symptoms if o.verdict == verdict]
        if names:
            said.append(f"{len(names)} of {len(analysis.symptoms)} {verdict}: {listed(names)}.")
    return said


def _modalities(analysis: Analysis) -> list[str]:
    said = []
    for c in analysis.compared:
        used = [entry for entry in c.reliance if entry.metric == "utilisation"]
        if not used or not c.cell.card.get("pitfall"):
            continue
        means = {
            entry.subject: float(np.mean([m.value for m in entry.measured.values()]))
            for entry in used
        }
        least = min(means, key=lambda name: means[name])
        measured = next(entry for entry in used if entry.subject == least).measured
        low = min(measured, key=lambda name: measured[name].value)
        high = max(measured, key=lambda name: measured[name].value)
        sentence = (
            f"{cell_name(analysis, c)}, after {c.cell.labels[-1]} labels: {least} is used at "
            f"{number(means[least], 2)} of what the truth prescribes"
        )
        if low != high:
            sentence += (
                f" (mean over strategies; {number(measured[low].value, 2)} with {low} to "
                f"{number(measured[high].value, 2)} with {high})"
            )
        said.append(f"{sentence}; {_beside_control(analysis, c, least)}.")
    return said


def _beside_control(analysis: Analysis, c: Compared, modality: str) -> str:
    name = c.cell.card.get("control")
    if c.control is None:
        return f"its control {name} was not measured" if name else "it has no control"
    if c.control.labels[-1] != c.cell.labels[-1]:
        return f"its control {name} has another number of labels"
    _, there, gap = against_control(analysis.measured, c.cell, c.control, "utilisation", modality)
    if not gap.n:
        return f"its control {name} shares no seed"
    tested = f"{interval(gap.low, gap.high, 2) or 'no interval'}; {p_phrase(gap.p)}"
    return (
        f"on its control {name} at {number(there.value, 2)}: difference {signed(gap.mean, 2)} "
        f"({tested}; {counted(gap.n, 'seed')}, paired)"
    )


def _bayes(analysis: Analysis) -> list[str]:
    said = []
    for c in analysis.compared:
        bayes = (c.cell.card.get("truth") or {}).get("bayes_natural")
        ended = [row for row in c.rows if row.final.n]
        if bayes is None or not ended:
            continue
        best = max(ended, key=lambda row: row.final.value)
        said.append(
            f"{cell_name(analysis, c)}, after {c.cell.labels[-1]} labels: the highest mean "
            f"accuracy is {number(best.final.value)} ({best.strategy}), "
            f"{number(bayes - best.final.value)} below Bayes ({number(bayes)})."
        )
    return said


def _missing(analysis: Analysis) -> list[str]:
    said = []
    for c in analysis.compared:
        pool = incomplete_pool(c.cell)
        shares = incomplete_chosen(analysis.measured, c.cell)
        if not pool or not shares:
            continue
        low = min(shares, key=lambda n: shares[n].value)
        high = max(shares, key=lambda n: shares[n].value)
        sentence = f"{cell_name(analysis, c)}: {percent(pool)} of the pool lack a modality"
        for name in dict.fromkeys((high, low)):
            sentence += f"; of what {name} chose {percent(shares[name].value)}"
        said.append(f"{sentence}.")
    return said


def _absent(analysis: Analysis) -> list[str]:
    results, said = analysis.results, []
    if results.failures:
        runs = len({failure["run"] for failure in results.failures})
        said.append(f"{counted(runs, 'run')} failed; the tracebacks are below.")
    if analysis.gaps:
        said.append(
            f"{counted(len(analysis.gaps), 'gap')}: runs that are missing, shorter than asked for "
            "or not comparable; each is listed below, and none is in a mean that it doesn't fit."
        )
    if results.warnings:
        said.append(f"{counted(len(results.warnings), 'warning')} about the results folder.")
    return said
