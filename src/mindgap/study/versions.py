"""Which results are of the latest version of everything that doesn't come with mindgap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mindgap.study.results import Results


@dataclass(frozen=True)
class Earlier:
    """Runs of one task, learner and strategy that an earlier version gave.

    Attributes:
        seeds: of the runs, ascending; a seed as often as it was run.
        origins: the files, packages or classes that have changed since.
    """

    task: str
    learner: str
    strategy: str
    seeds: tuple[int, ...]
    origins: tuple[str, ...]


def newest(results: Results) -> tuple[Results, list[Earlier]]:
    """Part the results of the versions last asked for from earlier ones.

    A run is earlier if a component or file in it was asked for in another version since, so that
    no number mixes the two, even where the later version has not been run with each seed.
    """
    latest = results.study.get("sources", {})
    runs = ["run", "task", "learner", "strategy", "seed"]
    found: dict[tuple[str, str, str, tuple[str, ...]], list[int]] = defaultdict(list)
    earlier = set()
    first = results.rounds.filter(pc.equal(results.rounds["round"], 0))
    for row in first.select([*runs, "sources"]).to_pylist():
        if changed := _changed(row["sources"], latest):
            earlier.add(row["run"])
            found[row["task"], row["learner"], row["strategy"], changed].append(row["seed"])
    old = pa.array(sorted(earlier), pa.string())

    def current(table: pa.Table) -> pa.Table:
        return table.filter(pc.invert(pc.is_in(table["run"], old)))

    kept = replace(
        results,
        rounds=current(results.rounds),
        timings=current(results.timings),
        failures=[f for f in results.failures if not _changed(f["sources"], latest)],
    )
    return kept, [
        Earlier(task, learner, strategy, tuple(sorted(seeds)), origins)
        for (task, learner, strategy, origins), seeds in sorted(found.items())
    ]


def _changed(
    sources: Sequence[Mapping[str, str]] | None, latest: Mapping[str, Any]
) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            latest[source["what"]]["origin"]
            for source in sources or ()
            if source["what"] in latest and latest[source["what"]]["version"] != source["version"]
        )
    )
