"""report.html: one page that needs no network and no script; what is from elsewhere is escaped."""

from __future__ import annotations

import importlib.resources
import os
import re
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from mindgap import __version__
from mindgap.analysis import CLAIMS, CONFIDENCE, REFERENCE, analyse, claims, seconds
from mindgap.analysis.rankings import rankings
from mindgap.errors import MindgapError
from mindgap.report import words
from mindgap.report.across import ranked, severities
from mindgap.report.answer import answer
from mindgap.report.draw import css, key, svg
from mindgap.report.panels import Panel, families
from mindgap.report.plot import COLOURS, DARK_COLOURS, DARK_GREY, GREY, looks
from mindgap.study.results import Results

if TYPE_CHECKING:
    import jinja2

NAME = "report.html"


def write(folder: Path, results: Results, full: Results | None = None) -> Path:
    """Write folder/report.html; a reader sees the old page or the new one, never a part.

    Args:
        full: of the same tasks and learners, trained on their whole pool.

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
    """The page; the same results give the same text."""
    analysis = analyse(results, full)
    claimed = claims(analysis)
    grouped = families(analysis, claimed)
    panels = [p for f in grouped for group in f.learners.values() for p in group]
    drawn_as = looks(analysis.strategies)
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            analysis=analysis,
            study=results.study,
            answer=answer(analysis, claimed),
            families=grouped,
            panels=panels,
            kinds=list(dict.fromkeys(panel.kind for panel in panels if panel.kind)),
            learners=list(dict.fromkeys(panel.compared.cell.learner for panel in panels)),
            looks=drawn_as,
            strategies_css=css(list(drawn_as.values())),
            palettes=(
                {"ref": GREY, **{f"c{i}": colour for i, colour in enumerate(COLOURS)}},
                {"ref": DARK_GREY, **{f"c{i}": colour for i, colour in enumerate(DARK_COLOURS)}},
            ),
            depth=_depth(panels),
            findings=words.findings(analysis, claimed),
            claims=claimed,
            ranked=ranked(analysis, rankings(analysis), drawn_as),
            severities=severities(analysis, drawn_as),
            claim_texts=CLAIMS,
            interval=words.interval,
            outcome_name=words.outcome_name,
            what_is_measured=words.what_is_measured,
            symbols=words.SYMBOLS,
            meanings=words.MEANINGS,
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
    )


@cache
def _templates() -> jinja2.Environment:
    import jinja2
    from markupsafe import Markup

    folder = importlib.resources.files("mindgap.report")
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        finalize=lambda value: _shown(value) if type(value) is str else value,
    )
    environment.filters |= {
        "number": words.number,
        "signed": words.signed,
        "p": words.p_value,
        "p_phrase": words.p_phrase,
        "counted": words.counted,
        "labels_saved": words.labels_saved,
        "short": lambda text: words.short(text, 40),
        "tight": words.short,
        "svg": lambda plot: Markup(svg(plot)),  # noqa: S704  # escaped there
        "key": lambda look: Markup(key(look)),  # noqa: S704  # numbers alone
    }
    return environment


def _shown(text: str) -> str:
    """Text from elsewhere; a number stays on the line of its per cent sign."""
    return re.sub(r"(?<=\d) %", "\u00a0%", words.visible(text))


def _depth(panels: Sequence[Panel]) -> dict[tuple[int, str], int]:
    """(panel, strategy) -> 1 to 3, how large a significant difference to random is on this page."""
    sure: dict[tuple[int, str], float] = {}
    for panel in panels:
        for row in panel.compared.rows:
            if row.verdict and row.to_reference:
                sure[panel.number, row.strategy] = abs(row.to_reference.mean)
    most = max(sure.values(), default=1.0)
    return {place: min(3, 1 + int(3 * value / most)) for place, value in sure.items()}
