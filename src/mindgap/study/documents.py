"""What a results folder holds as JSON, read as written by mindgap or told why it isn't."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mindgap.errors import MindgapError
from mindgap.study.results import Results


def read_study(path: Path) -> dict[str, Any]:
    """A folder's study.json.

    Raises:
        MindgapError: it isn't there, can't be read, or lacks what readers of results rest on.
    """
    try:
        study: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise MindgapError(f"{path.parent} holds no results: there is no study.json") from None
    except NotADirectoryError:
        raise MindgapError(f"{path.parent} is a file, not a results folder") from None
    except OSError as error:
        raise MindgapError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _foreign(path, "it is not JSON") from None
    if why := _no_study(study):
        raise _foreign(path, why)
    return study


def read_card(path: Path) -> dict[str, Any] | None:
    """A card as it was written, or None if it isn't one."""
    try:
        card = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return card if isinstance(card, dict) and isinstance(card.get("task"), str) else None


def warnings(results: Results) -> list[str]:
    """What was found damaged or contradictory, and whose card is lost, a sentence each."""
    lost = {run["task"] for run in results.runs()} - set(results.cards)
    return [
        *results.warnings,
        *(
            f"{task} has no card, so its description and truth are missing from the report; "
            "`mindgap run` writes it again"
            for task in sorted(lost)
        ),
    ]


def _foreign(path: Path, why: str) -> MindgapError:
    return MindgapError(
        f"{path} can't be read as a study: {why}; mend it, or choose another folder"
    )


def _no_study(found: Any) -> str | None:
    """What a study lacks that whoever reads results rests on."""
    if not isinstance(found, dict):
        return "it is no JSON object"
    if not isinstance(found.get("name"), str):
        return "name is no text"
    budget = found.get("budget")
    for key in ("initial", "query", "rounds"):
        if not isinstance(budget, dict) or not isinstance(budget.get(key), int):
            return f"budget.{key} is no whole number"
    for key in ("tasks", "learners", "strategies"):
        listed = found.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
            return f"{key} is no list of texts"
    seeds = found.get("seeds", 0)
    if not all(isinstance(seed, int) for seed in (seeds if isinstance(seeds, list) else [seeds])):
        return "seeds is neither a number nor a list of numbers"
    return None
