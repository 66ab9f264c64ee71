"""What strategies did against random, condensed into the table that their pages read.

    mindgap run strategies
    python benchmarks/evidence.py results/strategies

A row for each task and strategy: AUBC minus random's, paired by seed, with its 95 % t interval and
the paired t test's p after Holm's correction over the strategies of the task.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import mindgap
from mindgap.analysis import analyse
from mindgap.cli.strategy_text import COLUMNS, EVIDENCE
from mindgap.study.results import Results
from mindgap.study.store import Store


def write(results: Results, folder: Path, out: Path) -> None:
    analysis = analyse(results)
    budget, seeds = results.study["budget"], results.study["seeds"]
    head = {
        "commands": f"mindgap run {results.study['name']}; python benchmarks/evidence.py {folder}",
        "version": mindgap.__version__,
        "seeds": json.dumps(seeds),
        "budget": json.dumps(budget),
    }
    with out.open("w", newline="") as file:
        file.writelines(f"# {key}: {value}\n" for key, value in head.items())
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for compared in analysis.compared:
            cell = compared.cell
            for row in compared.rows:
                if (found := row.to_reference) is None:
                    continue
                numbers = (found.mean, found.low, found.high, row.p_holm)
                where = (cell.task, cell.learner, cell.labels[0], cell.labels[-1])
                table.writerow([*where, row.strategy, found.n, *(f"{x:.6g}" for x in numbers)])
    for gap in analysis.gaps:
        told = " ".join(filter(None, (gap.task, gap.learner, gap.strategy, str(gap.seeds or ""))))
        print(f"left out: {told}: {gap.why}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="A results folder.")
    parser.add_argument("--out", type=Path, default=Path("src/mindgap/studies") / EVIDENCE)
    asked = parser.parse_args()
    write(Store(asked.folder).read(), asked.folder, asked.out)
