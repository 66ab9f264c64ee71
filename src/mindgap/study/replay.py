"""Measure finished rounds by metrics that came later: train again from what was chosen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from mindgap.errors import MindgapError, unknown
from mindgap.study.compute import CPU, Compute
from mindgap.study.documents import warnings
from mindgap.study.finished import Finished
from mindgap.study.results import Results
from mindgap.study.store import Store
from mindgap.study.versions import newest

if TYPE_CHECKING:
    from mindgap.registry import Registry
    from mindgap.study.execute import Event
    from mindgap.study.plan import Plan, Run


class Recorded(NamedTuple):
    """A finished round, as the store has it; crosses to workers as JSON.

    Attributes:
        values: metric, subject and value of everything that was measured.
    """

    finished: Finished
    values: Sequence[tuple[str, str, float]]

    @staticmethod
    def of(told: Sequence[Any]) -> Recorded:
        """Read from JSON."""
        finished, values = told
        return Recorded(Finished(*finished), [(m, s, v) for m, s, v in values])


def replay(
    folder: Path,
    metrics: Sequence[str],
    workers: int = 1,
    compute: Compute = CPU,
    registry: Registry | None = None,
    started: Callable[[Plan, Iterable[str]], None] = lambda plan, warnings: None,
    tell: Callable[[Event], None] = lambda event: None,
) -> Results:
    """Measure whatever finished round lacks one of the metrics, and nothing twice.

    Every model is trained again from the stored selections and must have the accuracies that are
    recorded, to the last bit; a run is refused from the first round on where it doesn't.

    Args:
        metrics: names of `METRICS` or of what is always measured.
        workers: as in `run`.
        registry: with the components of the runs; read from the study's plug-ins if left out.
        started: called once with what is to be done and with what was found damaged.
        tell: called for every measured round and every run that was refused or failed.

    Raises:
        MindgapError: a metric or device that there isn't; the folder holds no results; or a second
            process is at work in it.
    """
    from mindgap.registry import Registry
    from mindgap.study.examine import ALWAYS, METRICS
    from mindgap.study.execute import execute

    for name in metrics:
        if name not in METRICS and name not in ALWAYS:
            raise MindgapError(unknown("metric", name, [*METRICS, *ALWAYS]))
    compute.check()
    store = Store(folder)
    store.study()  # refuses a folder without one
    with store.lock():
        damage = store.seal()
        results, _ = newest(store.read())
        registry = registry or Registry(results.study.get("plugins", ()))
        rounds = lacking(results, metrics)
        todo = _planned(results, rounds, metrics, registry, max(1, workers))
        started(todo, [*damage, *warnings(results)])
        if todo.fleets:
            recorded = _recorded(results, rounds)
            begun = {
                run: [past.finished for past in recorded[run][: missing[0]]]
                for run, missing in rounds.items()
            }
            try:
                execute(todo, store, registry, begun, tell, workers, compute, recorded)
            finally:
                store.seal()
        return store.read()


def lacking(results: Results, metrics: Iterable[str]) -> dict[str, list[int]]:
    """Run -> its finished rounds that were not asked for one of the metrics, ascending."""
    with results.connect() as connection:
        rows = connection.execute(
            """
            select distinct run, round from rounds, (select unnest(?) as name)
            where not list_contains(asked, name)
                and not list_contains([m.metric for m in metrics], name)
            order by run, round
            """,
            [list(metrics)],
        ).fetchall()
    found: dict[str, list[int]] = defaultdict(list)
    for run, round_ in rows:
        found[run].append(round_)
    return dict(found)


def _planned(
    results: Results,
    rounds: Mapping[str, Sequence[int]],
    metrics: Sequence[str],
    registry: Registry,
    workers: int,
) -> Plan:
    """The runs of these rounds, in fleets; each ends with the last round that lacks something."""
    from mindgap.study.plan import Plan, Run, fleets_of, shape_of
    from mindgap.study.possible import part

    budget = results.study["budget"]
    first = results.rounds.filter(pc.equal(results.rounds["round"], 0))
    sources = dict(zip(first["run"].to_pylist(), first["sources"].to_pylist(), strict=True))
    groups: dict[Any, list[Run]] = defaultdict(list)
    shapes: dict[str, Any] = {}
    done: list[Run] = []
    for row in results.runs():
        missing = rounds.get(row["run"], ())
        run = Run(
            id=row["run"],
            task=row["task"],
            family=row["family"],
            learner=row["learner"],
            strategy=row["strategy"],
            group=row["group"],
            seed=row["seed"],
            initial=budget["initial"],
            query=budget["query"],
            rounds=missing[-1] if missing else budget["rounds"],
            sources={one["what"]: one["version"] for one in sources[row["run"]] or ()},
            validation=budget.get("validation", 0),
            metrics=tuple(metrics),
        )
        if not missing:
            done.append(run)
            continue
        if run.task not in shapes:
            shapes[run.task] = shape_of(part(registry.configure("task", run.task)))
        groups[run.learner, shapes[run.task]].append(run)
    left = sum(missing[-1] - missing[0] + 1 for missing in rounds.values())
    runs = [run for members in groups.values() for run in members]
    return Plan(done, runs, [], fleets_of(groups, workers) if runs else [], left, [])


def _recorded(results: Results, runs: Iterable[str]) -> dict[str, list[Recorded]]:
    """Run -> its finished rounds."""
    histories, wanted = results.histories(), set(runs)
    kept = results.rounds.filter(pc.is_in(results.rounds["run"], pa.array(sorted(wanted))))
    found: dict[str, list[Recorded]] = {run: [] for run in wanted}
    for row in kept.select(["run", "round", "metrics"]).to_pylist():
        values = [(m["metric"], m["subject"], m["value"]) for m in row["metrics"]]
        found[row["run"]].append(Recorded(histories[row["run"]][row["round"]], values))
    return found
