"""What `mindgap show strategy` and the pages of strategies say beside the docstring."""

from __future__ import annotations

import csv
import importlib.resources
import re
from collections.abc import Iterable, Mapping, Sequence

#: Shipped results of the packaged study `strategies`, see `benchmarks/evidence.py`.
EVIDENCE = "strategies.csv"
COLUMNS = ("task", "learner", "from", "to", "strategy", "seeds", "difference", "low", "high", "p")

#: Differences are told by Holm's p at this level.
LEVEL = 0.05

NOT_MEASURED = "not measured yet: the shipped results hold no row of it"

Row = Mapping[str, str]


def shipped() -> str | None:
    """The table of shipped results, or None before the study was run."""
    file = importlib.resources.files("mindgap.studies") / EVIDENCE
    return file.read_text("utf-8") if file.is_file() else None


def evidence(name: str, table: str | None) -> list[str]:
    """Where a strategy helps and where it fails, a sentence for each way to configure it.

    Args:
        table: as `benchmarks/evidence.py` writes it, or None where there is none.
    """
    lines = (table or "").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    own: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row["strategy"].partition("[")[0] == name:
            setting = tuple(row[key] for key in ("strategy", "learner", "from", "to"))
            own.setdefault(setting, []).append(row)
    if name == "random":
        return ["the others are measured against it"]
    if not own:
        return [NOT_MEASURED]
    head = dict(re.findall(r"^# (\w+): (.*)$", table or "", re.M))
    last = (
        f"By the paired t test at p < {LEVEL:g} after Holm's correction over all strategies of a "
        f"scenario; undecided is neither. mindgap {head['version']}, {head['commands']}"
    )
    return [*(_told(setting, found) for setting, found in own.items()), last]


def _told(setting: Sequence[str], rows: Iterable[Row]) -> str:
    strategy, learner, first, last = setting
    rows = list(rows)
    sorted_out: dict[str, list[str]] = {"helps": [], "fails": [], "undecided": []}
    seeds = {row["seeds"] for row in rows}
    settings = {row["task"].partition("[")[2].rstrip("]") for row in rows}
    shared = settings.pop() if len(settings) == 1 else ""
    for row in rows:
        difference = float(row["difference"])
        sure = float(row["p"]) < LEVEL  # NaN is not
        what = ("helps" if difference > 0 else "fails") if sure else "undecided"
        low, high = float(row["low"]), float(row["high"])
        task = row["task"].removesuffix(f"[{shared}]")
        interval = f" [{low:+.3f}, {high:+.3f}]" if sure else ""
        paired = f", {row['seeds']} seeds" if len(seeds) > 1 else ""
        sorted_out[what].append(f"{task} ({difference:+.3f}{interval}{paired})")
    said = "; ".join(
        f"{what} on {', '.join(tasks) or 'none'}" for what, tasks in sorted_out.items()
    )
    counts = " or ".join(sorted(seeds, key=int))
    where = (learner, shared, f"{first} to {last} labels", f"{counts} seeds")
    return f"AUBC of {strategy} against random ({', '.join(filter(None, where))}): {said}."
