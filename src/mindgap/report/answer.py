"""The answer in three sentences, for someone who has never seen the project.

Does choosing what to label pay, does one modality go unused, and how far can both be trusted?
Every word is computed; what isn't tested isn't claimed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from mindgap.analysis import ALPHA, REFERENCE, Analysis, Claim, Compared, Row
from mindgap.report.words import cell_name, counted, listed, number, percent, signed

#: More names than this are counted instead.
MOST = 4

#: Verdict on C1 over all tasks -> what pitfalls do, on average.
OVERALL = {
    "supported": "averaged over the scenarios built to cause it, neglect is larger than in their "
    "controls",
    "contradicted": "averaged over the scenarios built to cause it, neglect is no larger than in "
    "their controls",
    "undecided": "whether neglect is larger where a scenario is built to cause it, on average, "
    "isn't decided",
}

#: Verdict on C2 over all tasks -> what choosing does about it.
MENDED = {
    "supported": "no strategy mends it",
    "contradicted": "a strategy mends it",
    "undecided": "whether a strategy mends it isn't decided",
}


def answer(analysis: Analysis, claimed: Sequence[Claim]) -> list[str]:
    """Three sentences; one if nothing was measured.

    Args:
        claimed: what `claims` says of the same analysis.
    """
    if not any(compared.rows for compared in analysis.compared):
        return ["Nothing was measured yet that could be compared; what is missing is listed below."]
    return [_choosing(analysis), _using(analysis, claimed), _resting(analysis)]


def _choosing(analysis: Analysis) -> str:
    pairs = [(c, r) for c in analysis.compared for r in c.rows if r.strategy != REFERENCE]
    if not pairs:
        return (
            f"Only choosing at random ({REFERENCE}) was measured, so nothing can be said about "
            "better ways of choosing what to label."
        )
    if not any(c.cell.has_reference for c in analysis.compared):
        return (
            f"Nothing was labelled at random for comparison (strategy {REFERENCE}), so whether "
            "choosing what to label pays can't be said."
        )
    tested = [(c, r) for c, r in pairs if r.to_reference and math.isfinite(r.p_holm)]
    if not tested:
        return (
            "No strategy can be told from choosing at random: there are too few seeds for a test, "
            "so every difference below may be luck."
        )
    better, worse = ([pair for pair in tested if pair[1].verdict == sign] for sign in (1, -1))
    strategies = len({row.strategy for _, row in tested})
    tasks = len({c.cell.task for c, _ in tested})
    over = f"{counted(strategies, 'way')} of choosing what to label on {counted(tasks, 'task')}"
    if not better and not worse:
        widths = [d.high - d.low for _, row in tested if (d := row.to_reference)]
        half = float(np.median(widths)) / 2
        return (
            f"Of {over}, none was measurably better or worse than choosing at random; "
            f"differences in accuracy below about {number(half)} can't be seen with so few seeds."
        )
    said = (
        f"Of {over}, compared with choosing at random, {len(better) or 'none'} of "
        f"{counted(len(tested), 'comparison')} {'was' if len(better) < 2 else 'were'} measurably "
        f"better and {len(worse) or 'none'} worse"
    )
    if better:
        said += f"; {_most(analysis, better, tested, 'ahead')}"
    if worse:
        said += f"{', and' if better else ';'} {_most(analysis, worse, tested, 'behind')}"
    if _may_be_luck(better + worse, tested):
        said += "; so few that it may be luck: chance alone shows one in about one task in twenty"
    return f"{said}."


def _may_be_luck(
    found: Sequence[tuple[Compared, Row]], tested: Sequence[tuple[Compared, Row]]
) -> bool:
    """Whether chance alone would find as much: p values are corrected within a task, not over them.

    It wouldn't if one is significant over all tasks (Bonferroni), or if more tasks show one than
    a binomial with one in twenty allows for.
    """
    n = len({(c.cell.task, c.cell.learner) for c, _ in tested})
    sure = len({(c.cell.task, c.cell.learner) for c, _ in found})
    least = min(row.p_holm for _, row in found)
    return least * n >= ALPHA and float(stats.binom.sf(sure - 1, n, ALPHA)) >= ALPHA


def _most(
    analysis: Analysis,
    found: Sequence[tuple[Compared, Row]],
    tested: Sequence[tuple[Compared, Row]],
    word: str,
) -> str:
    """Who most often is, on how many of the comparisons that it was in, and by how much there."""
    times: dict[str, int] = {}
    for _, row in found:
        times[row.strategy] = times.get(row.strategy, 0) + 1
    top = max(times.values())
    names = [name for name in times if times[name] == top]
    if len(names) > MOST:
        return f"{len(names)} strategies share being {word} most often, {_times(top)} each"
    if top == 1 and len(names) == 1:
        c, row = next(pair for pair in found if pair[1].strategy == names[0])
        by = signed(row.to_reference.mean) if row.to_reference else ""
        return f"{names[0]} was {word} on {cell_name(analysis, c)} ({by} accuracy over the budget)"
    inside = [
        row.to_reference.mean for _, row in found if row.strategy in names and row.to_reference
    ]
    of = sorted({sum(row.strategy == name for _, row in tested) for name in names})
    each = " each" if len(names) > 1 else ""
    many = f"{of[0]}" if len(of) == 1 else f"{of[0]} to {of[-1]}"
    return (
        f"{listed(names)} {'were' if each else 'was'} most often {word}, on {top} of {many}{each} "
        f"({signed(float(np.mean(inside)))} accuracy there, averaged over the budget)"
    )


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _using(analysis: Analysis, claimed: Sequence[Claim]) -> str:
    learners = list(dict.fromkeys(claim.learner for claim in claimed))
    said = []
    for learner in learners:
        own = [claim for claim in claimed if claim.learner == learner]
        told = [c for c in own if c.id == "C1" and c.scenario and c.effect is not None]
        if not told:
            continue
        found = {v: sum(c.verdict == v for c in told) for v in ("supported", "contradicted")}
        left = len(told) - sum(found.values())
        sentence = (
            f"models measurably neglect a modality on {found['supported'] or 'none'} of "
            f"{counted(len(told), 'task')}, measurably do not on {found['contradicted'] or 'none'}"
        )
        if left:
            sentence += f", and {left} {'is' if left == 1 else 'are'} undecided"
        for claim in own:
            if not claim.scenario and claim.id in ("C1", "C2") and claim.effect is not None:
                words = OVERALL if claim.id == "C1" else MENDED
                sentence += f"; {words[claim.verdict]}"
        said.append(f"with learner {learner}, {sentence}" if len(learners) > 1 else sentence)
    if not said:
        return (
            "Whether models neglect a modality can't be judged: there is neither a known truth nor "
            "an ensemble of separately trained models to compare with, or too few seeds."
        )
    extreme = _neglected(analysis)
    text = f"{'; '.join(said)}{f' ({extreme})' if extreme else ''}."
    return text[0].upper() + text[1:]


def _neglected(analysis: Analysis) -> str:
    """The modality used least of what the truth prescribes, where a pitfall has a control."""
    found = []
    for c in analysis.compared:
        if not c.cell.card.get("pitfall") or c.control is None:
            continue
        for entry in c.reliance:
            if entry.metric == "utilisation" and entry.control:
                here = float(np.mean([m.value for m in entry.measured.values()]))
                there = float(np.mean([m.value for m in entry.control.values()]))
                found.append((here, there, entry.subject, cell_name(analysis, c)))
    if not found:
        return ""
    here, there, modality, task = min(found)
    return (
        f"least: in {task}, {modality} contributes {percent(here)} of what it should, in the "
        f"control {percent(there)}"
    )


def _resting(analysis: Analysis) -> str:
    runs = len(analysis.measured.runs)
    seeds = sorted({len(c.cell.seeds(n)) for c in analysis.compared for n in c.cell.runs})
    each = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    said = [
        f"This rests on {counted(runs, 'run')}, {each} "
        f"repetition{'' if seeds == [1] else 's'} (seeds) of each combination"
    ]
    hard = [c for c in analysis.compared if c.cell.card.get("control")]
    lacking = [cell_name(analysis, c) for c in hard if c.control is None]
    if not hard:
        said.append("no scenario with a control is among the tasks, so no cause can be singled out")
    elif lacking:
        many = len(lacking) > MOST
        names = f"{len(lacking)} of {counted(len(hard), 'task')}" if many else listed(lacking)
        said.append(f"without the control of {names} no cause can be singled out there")
    failed = len({failure["run"] for failure in analysis.results.failures})
    if failed:
        said.append(f"{counted(failed, 'run')} failed")
    if short := runs - analysis.complete:
        said.append(f"{short} {'is' if short == 1 else 'are'} shorter than asked for")
    if not analysis.asked.rounds:
        said.append("the folder names no study, so what is missing can't be said")
    elif not failed and not analysis.gaps:
        said.append("none failed and none is missing")
    elif analysis.gaps:
        said.append(f"what is missing or left out is listed ({counted(len(analysis.gaps), 'gap')})")
    return f"{'; '.join(said)}."
