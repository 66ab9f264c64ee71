"""A task and learner on the page: its numbers and its figures, beside those of its family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mindgap.analysis import (
    REFERENCE,
    Analysis,
    Claim,
    Compared,
    Mean,
    Pattern,
    accuracy,
    band,
    incomplete_chosen,
    incomplete_pool,
    modalities,
    patterns,
)
from mindgap.report import figures, words
from mindgap.report.figures import Curve, Dot
from mindgap.report.plot import Look, Plot, looks
from mindgap.report.readings import Shown, after_training, of_queries

#: What the reliance figures draw: utilisation where the truth is known, else Shapley values.
AXES = {"utilisation": "utilisation", "shapley": "Shapley value"}

#: Pixels of a small figure, and from dot to dot in it.
SMALL, CLOSE = 250, 7.5


@dataclass(frozen=True)
class Panel:
    """One task and learner on the page.

    Attributes:
        number: of the panel on the page; its address there is `task-NUMBER`.
        kind: "pitfall", "control", "null", or what the card calls it ("scenario", "data set").
        modalities: how many there are.
        pool: share of incomplete samples in it.
        claims: what is claimed of this task and learner.
        figures: by what they show; none where there is nothing to draw.
        details: the small ones, by metric: of the models, and of the queries.
    """

    compared: Compared
    title: str
    number: int
    kind: str
    modalities: int
    chosen: Mapping[str, Mean]
    pool: float | None
    patterns: Sequence[Pattern]
    claims: Sequence[Claim]
    figures: dict[str, Plot] = field(default_factory=dict)
    details: dict[str, list[tuple[Shown, Plot]]] = field(default_factory=dict)

    def plots(self) -> Iterator[tuple[str, Plot]]:
        """Every figure with its name."""
        yield from self.figures.items()
        for found in self.details.values():
            yield from ((shown.metric, plot) for shown, plot in found)


@dataclass(frozen=True)
class Family:
    """A scenario beside its control, for each learner."""

    title: str
    learners: Mapping[str, Sequence[Panel]]


def families(analysis: Analysis, claimed: Sequence[Claim] = ()) -> list[Family]:
    """Everything in a folder with its figures, in families."""
    drawn_as = looks(analysis.strategies)
    found = list(_families(analysis, claimed))
    for family in found:
        for panels in family.learners.values():
            _draw(analysis, panels, drawn_as)
    return found


def _families(analysis: Analysis, claimed: Sequence[Claim]) -> Iterator[Family]:
    """Each scenario with a pitfall before its control; of other sizes they are apart."""
    numbers = {id(c): i for i, c in enumerate(analysis.compared)}
    controls_of = {c.cell.task: c.cell.card.get("control") for c in analysis.compared}

    def origin(task: str) -> str:
        seen: set[str] = set()  # a plug-in's cards may go in circles
        while (control := controls_of.get(task)) and task not in seen:
            seen.add(task)
            task = control
        return task

    for name in dict.fromkeys(origin(c.cell.task) for c in analysis.compared):
        members = [c for c in analysis.compared if origin(c.cell.task) == name]
        members.sort(key=lambda c: not c.cell.card.get("pitfall"))
        wanted = {c.cell.card.get("control") for c in members}
        learners: dict[str, list[Panel]] = {}
        for c in members:
            panel = _panel(analysis, c, numbers[id(c)], c.cell.task in wanted, claimed)
            learners.setdefault(c.cell.learner, []).append(panel)
        tasks = list(dict.fromkeys(c.cell.task for c in members))
        controls = [task for task in tasks if task in wanted]
        hard = [task for task in tasks if task not in controls]
        title = words.listed(hard or tasks)
        if controls and hard:
            whose = "its" if len(hard) == 1 else "their"
            title += f" beside {whose} control {words.listed(controls)}"
        yield Family(title, learners)


def _panel(
    analysis: Analysis, compared: Compared, number: int, wanted: bool, claimed: Sequence[Claim]
) -> Panel:
    cell, card = compared.cell, compared.cell.card
    kind = "pitfall" if card.get("pitfall") else "control" if wanted else str(card.get("kind", ""))
    return Panel(
        compared,
        words.cell_name(analysis, compared),
        number,
        "null" if card.get("group") == "null" else kind,
        len(modalities(analysis.measured, cell)),
        incomplete_chosen(analysis.measured, cell),
        incomplete_pool(cell),
        patterns(analysis.measured, cell),
        [c for c in claimed if (c.scenario, c.learner) == (cell.task, cell.learner)],
    )


def _draw(analysis: Analysis, panels: Sequence[Panel], drawn_as: Mapping[str, Look]) -> None:
    """The figures of one family and learner, on axes that can be compared."""
    curves = [_curves(analysis, panel.compared, drawn_as) for panel in panels]
    truths = [panel.compared.cell.card.get("truth") for panel in panels]
    bayes = [truth["bayes_natural"] if truth else None for truth in truths]
    height = figures.limits([c for drawn in curves for c in drawn], [b for b in bayes if b])
    rivals = [_rivals(panel.compared, drawn_as) for panel in panels]
    width = figures.spread([dot for rows in rivals for dot in rows], 0.0)
    used = [_used(panel.compared, drawn_as) for panel in panels]
    reach = {
        metric: figures.spread(
            [dot for m, by in used if m == metric for rows in by.values() for dot in rows],
            0.0,
            *([1.0] if metric == "utilisation" else []),
        )
        for metric in AXES
    }
    for i, panel in enumerate(panels):
        at, title, drawn = panel.number, panel.title, panel.figures
        if curves[i]:
            drawn["curves"] = figures.curves(
                panel.compared.cell.labels, curves[i], bayes[i], height,
                f"curves{at}", f"Learning curves on {title}",
            )  # fmt: skip
        if rivals[i]:
            drawn["differences"] = figures.dots(
                rivals[i], 0.0, width, f"AUBC minus AUBC of {REFERENCE}",
                f"differences{at}", f"AUBC differences to {REFERENCE} on {title}",
            )  # fmt: skip
        metric, rows = used[i]
        if rows:
            drawn["reliance"] = figures.strips(
                rows, 1.0 if metric == "utilisation" else None, reach[metric], AXES[metric],
                f"reliance{at}", f"Reliance on each modality on {title}",
            )  # fmt: skip
        if panel.pool and panel.chosen:
            drawn["chosen"] = figures.dots(
                [Dot(name, drawn_as[name], mean) for name, mean in panel.chosen.items()],
                panel.pool, (-0.02, 1.02), "share of incomplete samples",
                f"chosen{at}", f"Incomplete samples chosen on {title}", "pool",
            )  # fmt: skip
        cell = panel.compared.cell
        for group, told in (
            ("models", after_training(analysis.measured, cell)),
            ("queries", of_queries(analysis.measured, cell)),
        ):
            panel.details[group] = [(shown, _small(panel, shown, drawn_as)) for shown in told]


def _small(panel: Panel, shown: Shown, drawn_as: Mapping[str, Look]) -> Plot:
    rows = {
        subject: [Dot(name, drawn_as[name], mean) for name, mean in by_strategy.items()]
        for subject, by_strategy in shown.values.items()
    }
    line = shown.reading.line
    every = [dot for row in rows.values() for dot in row]
    return figures.strips(
        rows, line, figures.spread(every, *(() if line is None else (line,))), "",
        f"{shown.metric}{panel.number}", f"{shown.reading.title} on {panel.title}",
        shown.reading.line_name, SMALL, CLOSE,
    )  # fmt: skip


def _curves(analysis: Analysis, compared: Compared, drawn_as: Mapping[str, Look]) -> list[Curve]:
    found = []
    for name in compared.cell.runs:
        values = accuracy(analysis.measured, compared.cell, name)
        values = values[~(values != values).any(axis=1)]
        if len(values):
            key = (compared.cell.task, compared.cell.learner, name)
            found.append(Curve(name, drawn_as[name], values.mean(axis=0), band(values, *key)))
    return found


def _rivals(compared: Compared, drawn_as: Mapping[str, Look]) -> list[Dot]:
    return [
        Dot(
            row.strategy,
            drawn_as[row.strategy],
            Mean(found.mean, found.low, found.high, found.n),
            row.verdict != 0,
        )
        for row in compared.rows
        if (found := row.to_reference) and found.n
    ]


def _used(compared: Compared, drawn_as: Mapping[str, Look]) -> tuple[str, dict[str, list[Dot]]]:
    """Utilisation by modality where the truth is known, else Shapley values."""
    metrics = {entry.metric for entry in compared.reliance}
    metric = "utilisation" if "utilisation" in metrics else "shapley"
    return metric, {
        entry.subject: [Dot(name, drawn_as[name], mean) for name, mean in entry.measured.items()]
        for entry in compared.reliance
        if entry.metric == metric
    }
