"""What rounds took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mindgap.study.results import Results


@dataclass(frozen=True)
class Seconds:
    """Mean seconds a finished round of one task, learner and strategy takes, by phase."""

    task: str
    learner: str
    strategy: str
    rounds: int
    phases: Mapping[str, float]


def seconds(results: Results) -> list[Seconds]:
    """By task, learner and strategy, sorted; a run's share of work that it shared with others."""
    with results.connect() as connection:
        rows = connection.sql("""
            with finished as (
                select task, learner, strategy, count(*) as rounds from rounds group by all
            ),
            spent as (
                select r.task, r.learner, r.strategy, t.phase, sum(t.seconds) as total
                from timings t join rounds r using (run, round) group by all
            )
            select task, learner, strategy, rounds, phase, total / rounds
            from spent join finished using (task, learner, strategy) order by all
        """).fetchall()
    phases: dict[tuple[str, str, str, int], dict[str, float]] = {}
    for task, learner, strategy, rounds, phase, each in rows:
        phases.setdefault((task, learner, strategy, rounds), {})[phase] = each
    return [Seconds(*key, by_phase) for key, by_phase in phases.items()]
