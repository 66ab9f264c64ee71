"""How much of what a strategy chose its unimodal twins chose, too: what it was chosen for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mindgap.analysis.cells import Cell
from mindgap.analysis.paired import Mean, mean
from mindgap.registry import parse
from mindgap.study.results import Results


@dataclass(frozen=True)
class Overlap:
    """A strategy beside `one_modality[of=it, modality=...]`, on the seeds that both have.

    A lift is the share of a strategy's choices that its twin made too, over the share of all
    candidates that the twin chose: 1 is what two strategies share that know nothing of each
    other, as much as the inverse of the twin's share is the most there can be. The first
    query is the pure case, as both see the same model and candidates; later each has learned from
    its own labels.

    Attributes:
        first: lift of the first query.
        bought: lift of all that was bought in the rounds compared.
    """

    strategy: str
    modality: str
    first: Mean
    bought: Mean


def overlaps(results: Results, cell: Cell) -> list[Overlap]:
    """Of every strategy that has a twin in the same cell, in the cell's order.

    Needs the size of the pool, so nothing without a card.
    """
    pool = cell.card.get("pool")
    twins = _twins(cell)
    if not twins or not isinstance(pool, int):
        return []
    runs = {run for pair in twins for name in pair[:2] for run in cell.runs[name].values()}
    chosen = _chosen(results, runs)
    budget = results.study.get("budget", {})
    candidates = pool - budget.get("initial", 0) - budget.get("validation", 0)
    found = []
    for strategy, twin, modality in twins:
        lifts: dict[str, list[float]] = {"first": [], "bought": []}
        for seed in sorted(cell.runs[strategy].keys() & cell.runs[twin].keys()):
            own, other = (chosen[cell.runs[name][seed]] for name in (strategy, twin))
            for key, rounds in (("first", 1), ("bought", cell.rounds)):
                lifts[key].append(_lift(_until(own, rounds), _until(other, rounds), candidates))
        found.append(Overlap(strategy, modality, mean(lifts["first"]), mean(lifts["bought"])))
    return found


def attribution(found: list[Overlap], strategy: str) -> float | None:
    """(O_1 - O_2) / (O_1 + O_2) of the first query's lifts where there are two modalities.

    In [-1, 1]: 1 is a strategy that chooses as if the first modality were all there is. None
    where there aren't two twins, or where it shares nothing with either.
    """
    lifts = [entry.first.value for entry in found if entry.strategy == strategy]
    if len(lifts) != 2 or not sum(lifts) > 0:
        return None
    return (lifts[0] - lifts[1]) / (lifts[0] + lifts[1])


def _twins(cell: Cell) -> list[tuple[str, str, str]]:
    """(strategy, twin, modality), by strategy and then in the order of the card's modalities."""
    order = {name: i for i, name in enumerate(cell.card.get("modalities", ()))}
    found = []
    for twin in cell.runs:
        name, params = parse(twin)
        if name == "one_modality" and params.get("of") in cell.runs:
            found.append((params["of"], twin, params.get("modality", "")))
    place = {name: i for i, name in enumerate(cell.runs)}
    return sorted(found, key=lambda each: (place[each[0]], order.get(each[2], len(order))))


def _chosen(results: Results, runs: set[str]) -> dict[str, dict[int, set[str]]]:
    """Run -> round -> ids."""
    found: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    with results.connect() as connection:
        rows = connection.execute(
            "select run, round, id from selections where list_contains(?, run)", [sorted(runs)]
        ).fetchall()
    for run, round_, name in rows:
        found[run][round_].add(name)
    return found


def _until(chosen: Mapping[int, set[str]], rounds: int) -> set[str]:
    return set().union(*(ids for round_, ids in chosen.items() if round_ < rounds))


def _lift(own: set[str], other: set[str], candidates: int) -> float:
    if not own or not other:
        return float(np.nan)
    return len(own & other) / len(own) / (len(other) / candidates)
