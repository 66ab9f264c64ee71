"""What strategies did against random, condensed into the table that their pages read.

    mindgap run strategies
    python benchmarks/evidence.py results/strategies

A row for each task and strategy: AUBC minus random's, paired by seed, with its 95 % t interval and
the paired t test's p after Holm's correction over the strategies of the task. Each row says how
many seeds it rests on.

A study that takes long can be run in parts, each with `random` for the pairing:

    mindgap run strategies --tasks 'imbalance[pool=2000]' --strategies random,bait -o results/part
    python benchmarks/evidence.py results/part --add

`--add` puts the rows into the table as it is, in place of rows of the same task, learner and
strategy, and Holm's correction is made anew over all strategies of a task.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from scipy import stats

import mindgap
from mindgap.analysis import analyse
from mindgap.analysis.paired import CONFIDENCE, holm
from mindgap.cli.strategy_text import COLUMNS, EVIDENCE
from mindgap.errors import MindgapError
from mindgap.study.results import Results
from mindgap.study.store import Store

Row = dict[str, Any]
Key = tuple[str, ...]


def condensed(results: Results) -> list[Row]:
    """A row for each task, learner and strategy but random; what is left out is told.

    A task whose runs haven't reached the last round is left out as a whole.
    """
    analysis = analyse(results)
    rows = []
    budget = results.study["budget"]
    last = budget["initial"] + budget["query"] * budget["rounds"] + budget["validation"]
    for compared in analysis.compared:
        cell = compared.cell
        if cell.labels[-1] < last:
            print(f"left out: {cell.task}: not finished yet", file=sys.stderr)
            continue
        where = (cell.task, cell.learner, str(cell.labels[0]), str(cell.labels[-1]))
        for row in compared.rows:
            if (found := row.to_reference) is not None:
                numbers = (f"{x:.6g}" for x in (found.mean, found.low, found.high))
                values = (*where, row.strategy, str(found.n), *numbers, "")
                rows.append(dict(zip(COLUMNS, values, strict=True)))
    for gap in analysis.gaps:
        told = " ".join(filter(None, (gap.task, gap.learner, gap.strategy, str(gap.seeds or ""))))
        print(f"left out: {told}: {gap.why}", file=sys.stderr)
    return rows


def corrected(rows: Iterable[Row]) -> list[Row]:
    """The rows by task, with p after Holm's correction over all strategies of a task."""

    def place(row: Row) -> Key:
        return tuple(row[key] for key in ("task", "learner", "from", "to"))

    order: dict[Key, None] = {}
    rows = list(rows)
    for row in rows:
        order.setdefault(place(row))
    ranked = sorted(rows, key=lambda row: list(order).index(place(row)))  # stable
    found = []
    for _, group in groupby(ranked, key=place):
        own = list(group)
        adjusted = holm([alone(row) for row in own])
        found += [{**row, "p": f"{p:.6g}"} for row, p in zip(own, adjusted, strict=True)]
    return found


def alone(row: Row) -> float:
    """The paired t test's p of a row by itself: its interval has the same t and standard error."""
    n, centre = int(row["seeds"]), float(row["difference"])
    half = (float(row["high"]) - float(row["low"])) / 2
    if n < 2 or not half > 0:
        return 1.0 if n > 1 and centre == half == 0 else float("nan")
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)
    return float(2 * stats.t.sf(abs(centre) / half * quantile, n - 1))


def read(table: Path) -> tuple[dict[str, str], list[Row]]:
    """The head of a table and its rows."""
    lines = table.read_text().splitlines()
    head = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    return head, list(csv.DictReader(line for line in lines if not line.startswith("#")))


def write(folders: list[Path], out: Path, add: bool = False) -> None:
    parts = [Store(folder).read() for folder in folders]
    budgets = {json.dumps(part.study["budget"]) for part in parts}
    commands = f"python benchmarks/evidence.py {' '.join(map(str, folders))}"
    head = {"commands": f"mindgap run {parts[0].study['name']}; {commands}"}
    old: list[Row] = []
    if add:
        before, old = read(out)
        budgets.add(before["budget"])
        part = f"the same with --tasks and --strategies; {commands} --add"
        head["commands"] = f"{before['commands'].split(' | ')[0]} | {part}"
    if len(budgets) > 1:
        raise MindgapError(f"the parts have different budgets: {' and '.join(sorted(budgets))}")
    rows = {(row["task"], row["learner"], row["strategy"]): row for row in old}
    for results in parts:
        for row in condensed(results):
            rows[row["task"], row["learner"], row["strategy"]] = row
    with out.open("w", newline="") as file:
        head |= {"version": mindgap.__version__, "budget": budgets.pop()}
        file.writelines(f"# {key}: {value}\n" for key, value in head.items())
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(corrected(rows.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+", help="Results folders.")
    parser.add_argument("--out", type=Path, default=Path("src/mindgap/studies") / EVIDENCE)
    parser.add_argument("--add", action="store_true", help="Into the table as it is.")
    asked = parser.parse_args()
    write(asked.folders, asked.out, asked.add)
