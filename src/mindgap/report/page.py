"""report.html: one page that needs no network; everything from elsewhere is escaped."""

from __future__ import annotations

import importlib.resources
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from mindgap import __version__
from mindgap.analysis import (
    CLAIMS,
    CONFIDENCE,
    REFERENCE,
    Analysis,
    Compared,
    Mean,
    Pattern,
    accuracy,
    analyse,
    band,
    claims,
    incomplete_chosen,
    incomplete_pool,
    modalities,
    patterns,
    seconds,
)
from mindgap.analysis.rankings import rankings
from mindgap.errors import MindgapError
from mindgap.report import words
from mindgap.study.results import Results

if TYPE_CHECKING:
    import jinja2

    from mindgap.report.figures import Curve, Dot, Look

NAME = "report.html"

#: What the reliance figures draw: utilisation where the truth is known, else Shapley values.
AXES = {"utilisation": "utilisation", "shapley": "Shapley value"}


@dataclass(frozen=True)
class Panel:
    """One task and learner on the page.

    Attributes:
        is_control: its numbers stand beside those of a scenario of its family.
        modalities: how many there are.
        pool: share of incomplete samples in it.
        figures: SVG, by what they show; none where there is nothing to draw.
    """

    compared: Compared
    title: str
    number: int
    is_control: bool
    modalities: int
    chosen: Mapping[str, Mean]
    pool: float | None
    patterns: Sequence[Pattern]
    figures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """A scenario beside its control, for each learner."""

    title: str
    learners: Mapping[str, Sequence[Panel]]


def write(folder: Path, results: Results, full: Results | None = None) -> Path:
    """Write folder/report.html; a reader sees the old page or the new one, never a part.

    Raises:
        MindgapError: the folder can't be written to.
    """
    page = render(results, full)
    path = folder / NAME
    temporary = folder / f".{NAME}.{uuid.uuid4().hex}.tmp"
    try:
        temporary.write_bytes(page.encode())
        os.replace(temporary, path)
    except OSError as error:
        raise MindgapError(f"{path} can't be written: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return path


def render(results: Results, full: Results | None = None) -> str:
    """The page; the same results give the same text.

    Args:
        full: of models of the whole pool, see `mindgap.analysis.analyse`.
    """
    from markupsafe import Markup

    from mindgap.report import figures, svg

    analysis = analyse(results, full)
    claimed = claims(analysis)
    families = list(_families(analysis))
    with svg.drawing():
        looks = figures.looks(analysis.strategies)
        keys = {
            name: Markup(figures.key(looks[name], name))  # noqa: S704  # escaped by svg
            for name in analysis.strategies
        }
        for family in families:
            for panels in family.learners.values():
                _draw(analysis, panels, looks)
    panels = [p for f in families for group in f.learners.values() for p in group]
    return _template().render(
        analysis=analysis,
        study=results.study,
        families=families,
        panels=panels,
        incomplete=[p for p in panels if p.pool or p.patterns],
        keys=keys,
        findings=words.findings(analysis, claimed),
        claims=claimed,
        rankings=rankings(analysis),
        claim_texts=CLAIMS,
        interval=words.interval,
        outcome_name=words.outcome_name,
        what_is_measured=words.what_is_measured,
        symbols=words.SYMBOLS,
        meanings=words.MEANINGS,
        several_learners=len({c.cell.learner for c in analysis.compared}) > 1,
        seconds=seconds(analysis.results),
        study_yaml=yaml.safe_dump(
            {key: value for key, value in results.study.items() if key != "sources"},
            sort_keys=False,
            allow_unicode=True,
        ),
        version=__version__,
        reference=REFERENCE,
        confidence=words.percent(CONFIDENCE),
    )


@cache
def _template() -> jinja2.Template:
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: words.visible(value) if type(value) is str else value,
    )
    environment.filters |= {
        "number": words.number,
        "signed": words.signed,
        "p": words.p_value,
        "p_phrase": words.p_phrase,
        "counted": words.counted,
        "short": lambda text: words.short(text, 40),
        "svg": Markup,
    }
    source = importlib.resources.files("mindgap.report").joinpath("page.html.j2")
    return environment.from_string(source.read_text("utf-8"))


def panels(analysis: Analysis) -> list[Panel]:
    """Every task and learner with its figures; to be called within `svg.drawing`."""
    from mindgap.report import figures

    looks = figures.looks(analysis.strategies)
    found: list[Panel] = []
    for family in _families(analysis):
        for group in family.learners.values():
            _draw(analysis, group, looks)
            found += group
    return found


def _families(analysis: Analysis) -> Iterator[Family]:
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
        learners: dict[str, list[Panel]] = {}
        for c in members:
            panel = Panel(
                c,
                words.cell_name(analysis, c),
                numbers[id(c)],
                c.cell.task in {other.cell.card.get("control") for other in members},
                len(modalities(analysis.measured, c.cell)),
                incomplete_chosen(analysis.measured, c.cell),
                incomplete_pool(c.cell),
                patterns(analysis.measured, c.cell),
            )
            learners.setdefault(c.cell.learner, []).append(panel)
        tasks = list(dict.fromkeys(c.cell.task for c in members))
        controls = [task for task in tasks if task in {c.cell.card.get("control") for c in members}]
        hard = [task for task in tasks if task not in controls]
        title = words.listed(hard or tasks)
        if controls and hard:
            whose = "its" if len(hard) == 1 else "their"
            title += f" beside {whose} control {words.listed(controls)}"
        yield Family(title, learners)


def _draw(analysis: Analysis, panels: Sequence[Panel], looks: Mapping[str, Look]) -> None:
    """The figures of one family and learner, on axes that can be compared."""
    from mindgap.report import figures

    curves = [_curves(analysis, panel.compared, looks) for panel in panels]
    truths = [panel.compared.cell.card.get("truth") for panel in panels]
    bayes = [truth["bayes_natural"] if truth else None for truth in truths]
    height = figures.limits([c for drawn in curves for c in drawn], [b for b in bayes if b])
    rivals = [_rivals(panel.compared, looks) for panel in panels]
    width = figures.spread([dot for rows in rivals for dot in rows], 0.0)
    used = [_used(panel.compared, looks) for panel in panels]
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
            drawn["reliance"] = figures.reliance(
                rows, 1.0 if metric == "utilisation" else None, reach[metric], AXES[metric],
                f"reliance{at}", f"Reliance on each modality on {title}",
            )  # fmt: skip
        if panel.pool and panel.chosen:
            drawn["chosen"] = figures.dots(
                [figures.Dot(name, looks[name], mean) for name, mean in panel.chosen.items()],
                panel.pool, (-0.02, 1.02), "share of incomplete samples",
                f"chosen{at}", f"Incomplete samples chosen on {title}", "pool",
            )  # fmt: skip


def _curves(analysis: Analysis, compared: Compared, looks: Mapping[str, Look]) -> list[Curve]:
    from mindgap.report.figures import Curve

    found = []
    for name in compared.cell.runs:
        values = accuracy(analysis.measured, compared.cell, name)
        values = values[~(values != values).any(axis=1)]
        if len(values):
            key = (compared.cell.task, compared.cell.learner, name)
            found.append(Curve(looks[name], values.mean(axis=0), band(values, *key)))
    return found


def _rivals(compared: Compared, looks: Mapping[str, Look]) -> list[Dot]:
    from mindgap.report.figures import Dot

    return [
        Dot(
            row.strategy,
            looks[row.strategy],
            Mean(found.mean, found.low, found.high, found.n),
            row.verdict != 0,
        )
        for row in compared.rows
        if (found := row.to_reference) and found.n
    ]


def _used(compared: Compared, looks: Mapping[str, Look]) -> tuple[str, dict[str, list[Dot]]]:
    """Utilisation by modality where the truth is known, else Shapley values."""
    from mindgap.report.figures import Dot

    metrics = {entry.metric for entry in compared.reliance}
    metric = "utilisation" if "utilisation" in metrics else "shapley"
    return metric, {
        entry.subject: [Dot(name, looks[name], mean) for name, mean in entry.measured.items()]
        for entry in compared.reliance
        if entry.metric == metric
    }
