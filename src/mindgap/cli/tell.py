"""What several verbs say in the terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.markup import escape

from mindgap import __version__
from mindgap.errors import MindgapError

if TYPE_CHECKING:
    from mindgap.analysis import Analysis
    from mindgap.study.plan import Plan
    from mindgap.study.results import Results

T = TypeVar("T")


def plain(text: str) -> str:
    """Text from elsewhere, with nothing in it read as markup."""
    return escape(text)


def warnings(sentences: Iterable[str]) -> None:
    """To stderr, one a line."""
    console = Console(stderr=True, soft_wrap=True)
    for sentence in sentences:
        console.print(f"[yellow]warning:[/] {plain(sentence)}")


def asked(component: str, call: Callable[[], T]) -> T:
    """What a component answers, which may be a plug-in's.

    Raises:
        MindgapError: one sentence with its name, whatever it raised.
    """
    try:
        return call()
    except (MindgapError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit() included
        raise MindgapError(f"{component}: {type(error).__name__}: {error}") from error


def plan_in_words(plan: Plan, console: Console) -> None:
    """Counts, and every reason why something can't be run."""
    console.print(
        f"{len(plan.missing)} runs to do ({plan.rounds_left} rounds in {len(plan.fleets)} fleets), "
        f"{len(plan.done)} done, {len(plan.impossible)} not possible"
    )
    for (task, why), count in Counter((run.task, why) for run, why in plan.impossible).items():
        console.print(f"[yellow]not possible:[/] {count} runs of {plain(f'{task}: {why}')}")
    for note in plan.notes:
        console.print(f"[yellow]note:[/] {plain(note)}")


def effect(value: float, low: float | None, high: float | None) -> str:
    """With its interval, `+0.12 [+0.05, +0.19]`."""
    interval = "" if low is None or high is None else f" \\[{low:+.2f}, {high:+.2f}]"
    return f"{value:+.2f}{interval}"


def report(folder: Path, results: Results, console: Console, full: Results | None = None) -> None:
    """Print the table and write the page; `full` is of models of the whole pool."""
    measured = bool(results.progress())
    if not measured and not results.failures:
        console.print("[yellow]nothing was measured, so there is no report[/]")
        return
    from mindgap.report import table, write

    if measured:
        Console().print(table(results))
    else:
        console.print("[yellow]nothing was measured; the report says what failed[/]")
    console.print(f"report: {plain(str(write(folder, results, full)))}")


def results_in(folder: Path) -> Results:
    """What a results folder holds, its warnings told.

    Raises:
        MindgapError: there is no study in it.
    """
    from mindgap.study.documents import warnings as found
    from mindgap.study.store import Store

    store = Store(folder)
    store.study()  # refuses a folder without one
    results = store.read()
    warnings(found(results))
    return results


def gaps(folder: Path, analysis: Analysis) -> None:
    """Warn that numbers rest on less than the study asks for, as while it is running."""
    if n := len(analysis.gaps):
        listed = f"`mindgap report {folder}` lists {'it' if n == 1 else 'them'}"
        what = f"{n} gap{'' if n == 1 else 's'}: runs that are missing, unfinished or not compared"
        warnings([f"{folder}: {what}; {listed}"])


def unchanged_report(folder: Path, console: Console) -> bool:
    """Whether the page is this version's and newer than its sources; if so, say where it is."""
    page = folder / "report.html"
    sources = [path for name in ("*.json", "*/*.json", "*/*.parquet") for path in folder.glob(name)]
    if not page.is_file() or any(s.stat().st_mtime > page.stat().st_mtime for s in sources):
        return False
    if f"Written by mindgap {__version__}." not in page.read_text("utf-8", errors="replace"):
        return False
    console.print(f"report, as it was: {plain(str(page))}")
    return True


def as_json(value: Any) -> None:
    """For a program to read: what is no finite number is null, as JSON knows no other."""
    import json

    print(json.dumps(_finite(value), indent=2, ensure_ascii=False))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
