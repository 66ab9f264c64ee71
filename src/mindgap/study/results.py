"""`Results`: what a results folder holds, deduplicated, in tables; needs neither torch nor data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from mindgap.study.finished import VALIDATION_ACCURACY, Finished


@dataclass(frozen=True)
class Results:
    """Finished rounds, what they took, and what failed.

    Attributes:
        study: the study as last asked for; empty if the folder was never claimed.
        cards: task -> its card, with a scenario's truth.
        rounds: a row for every finished round, ordered by run and round: run, task, learner,
            strategy, seed, sources (list of what, version), group, family, round, labels, metrics
            (list of metric, subject, value), asked (list of those that a study or a replay asked
            for by name), selected (list of id, score, observed), trace (of
            each of them a list of numbers that the strategy left, or null), digest.
        timings: run, round, phase, seconds.
        failures: runs that stopped with an error and haven't got past it since: run, task,
            learner, strategy, seed, sources, round, error, traceback.
        warnings: what was found damaged or contradictory, a sentence each.
    """

    study: Mapping[str, Any]
    cards: Mapping[str, Mapping[str, Any]]
    rounds: pa.Table
    timings: pa.Table
    failures: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]

    def progress(self) -> dict[str, int]:
        """Finished rounds by run."""
        counted = self.rounds.group_by("run").aggregate([("round", "count")])
        return dict(
            zip(
                counted["run"].to_pylist(),
                counted["round_count"].to_pylist(),
                strict=True,
            )
        )

    def histories(self) -> dict[str, list[Finished]]:
        """Run -> what to know of each finished round."""
        measured = self.connect().execute(
            "select run, round, value from metrics where metric = ?", [VALIDATION_ACCURACY]
        )
        accuracies = {(run, round_): value for run, round_, value in measured.fetchall()}
        histories: dict[str, list[Finished]] = {}
        columns = (self.rounds[name].to_pylist() for name in ("run", "round", "trace"))
        for run, round_, trace, selected in zip(*columns, self.rounds["selected"], strict=True):
            ids = [chosen["id"].as_py() for chosen in selected]
            finished = Finished(ids, accuracies.get((run, round_)), trace)
            histories.setdefault(run, []).append(finished)
        return histories

    def runs(self) -> list[dict[str, Any]]:
        """A row for every run with a finished round."""
        keys = ["run", "task", "learner", "strategy", "seed", "group", "family"]
        distinct = self.rounds.select(keys).group_by(keys).aggregate([]).sort_by("run")
        runs: list[dict[str, Any]] = distinct.to_pylist()
        return runs

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with the tables rounds, metrics, selections and timings.

        `metrics` has a row for every measured number (run columns, round, labels, metric,
        subject, value), `selections` one for every chosen sample (run columns, round, rank from
        0, id, score, observed).
        """
        connection = duckdb.connect()
        connection.register("rounds", self.rounds)
        connection.register("timings", self.timings)
        connection.execute("""
            create view metrics as
            select * exclude (metrics, asked, selected, trace, digest),
                unnest(metrics, recursive := true)
            from rounds
        """)
        connection.execute("""
            create view selections as
            select * exclude (labels, metrics, asked, selected, trace, digest),
                generate_subscripts(selected, 1) - 1 as rank, unnest(selected, recursive := true)
            from rounds
        """)
        return connection


#: Rounds with what was measured of them later; of equal measurements the first.
WITH_LATER = """
    with later as (
        select run, round, attempt, unnest(metrics) as m, generate_subscripts(metrics, 1) as place
        from measurements
    ),
    own as (
        select run, round, unnest(metrics) as m from kept semi join measurements using (run, round)
    ),
    fresh as (
        select l.* from later l
        anti join own o on (l.run, l.round, l.m.metric, l.m.subject)
            = (o.run, o.round, o.m.metric, o.m.subject)
        qualify row_number() over (
            partition by l.run, l.round, l.m.metric, l.m.subject order by l.attempt
        ) = 1
    ),
    added as (
        select run, round, list(m order by attempt, place) as m from fresh group by all
    ),
    asked as (
        select run, round, flatten(list(asked order by attempt)) as names
        from measurements group by all
    )
    select k.* exclude attempt replace (
        list_concat(k.metrics, coalesce(added.m, [])) as metrics,
        list_sort(list_distinct(list_concat(coalesce(k.asked, []), coalesce(asked.names, []))))
            as asked
    )
    from kept k
    left join added on (added.run, added.round) = (k.run, k.round)
    left join asked on (asked.run, asked.round) = (k.run, k.round)
    order by k.run, k.round
"""


def merge(
    tables: Mapping[str, Sequence[pa.Table]],
) -> tuple[pa.Table, pa.Table, list[dict[str, Any]], list[str]]:
    """One row a round: of equal ones the first, and of each run the rounds up to the first gap.

    What was measured of a round later stands behind what it had.

    Args:
        tables: "rounds", "timings", "failures", "measurements" -> shards, each with its column
            `attempt`; equal columns of older shards are united by name.

    Returns:
        rounds, timings, failures, and a sentence for every round on which two attempts disagree.
    """
    connection = duckdb.connect()
    for name, parts in tables.items():
        connection.register(name, pa.concat_tables(parts, promote_options="default"))
    connection.execute("""
        create table kept as
        with first as (
            select * from rounds
            qualify row_number() over (partition by run, round order by attempt) = 1
        )
        select * from first
        qualify round = row_number() over (partition by run order by round) - 1
    """)
    rounds = connection.sql(WITH_LATER)
    timings = connection.sql("""
        select distinct t.run, t.round, t.phase, t.seconds
        from timings t join kept k on (t.run, t.round, t.attempt) = (k.run, k.round, k.attempt)
        order by all
    """)
    failures = connection.sql("""
        select distinct f.* exclude attempt
        from failures f
        where f.round >= (select count(*) from kept k where k.run = f.run)
        order by f.run, f.round, f.error
    """)
    disagreements = connection.sql("""
        select run, round, list(distinct attempt order by attempt) as attempts from rounds
        group by run, round having count(distinct digest) > 1 order by run, round
    """).fetchall()
    warnings = [
        f"round {round_} of {run} has two different results, from {' and '.join(attempts)}; "
        "the first is shown. The same run must give the same bits: look for a changed plug-in, "
        "library or machine"
        for run, round_, attempts in disagreements
    ]
    kept_failures = failures.to_arrow_table().to_pylist()
    return rounds.to_arrow_table(), timings.to_arrow_table(), kept_failures, warnings
