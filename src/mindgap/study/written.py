"""A study as it was written, with overrides on top of it."""

from __future__ import annotations

from typing import Any

import yaml

from mindgap.errors import InvalidStudy, MindgapError
from mindgap.registry import split_list
from mindgap.strict_yaml import Written
from mindgap.strict_yaml import parse as parse_text

LISTS = ("tasks", "learners", "strategies", "plugins")


def parse(text: str, origin: str) -> Written:
    """Read the text of a study file.

    Args:
        origin: what mistakes call it.

    Raises:
        InvalidStudy: it isn't YAML, or not a mapping.
    """
    try:
        return parse_text(text, origin)
    except MindgapError as error:
        raise InvalidStudy(str(error)) from None


def override(written: Written, text: str) -> None:
    """Set a value by `a.b=c`; one that can't be read is added to the mistakes."""
    key, equals, raw = text.partition("=")
    if not equals or not key or not raw:
        written.mistakes.append(f"override {text!r} should read key=value, e.g. budget.rounds=4")
        return
    *above, last = path = tuple(key.split("."))
    try:
        value = _listed(raw) if key in LISTS else _value(key, raw)
    except (yaml.YAMLError, ValueError, RecursionError):
        written.mistakes.append(f"override {text!r}: the value is not YAML")
        return
    except MindgapError as error:
        written.mistakes.append(f"override {text!r}: {error}")
        return
    target: Any = written.content
    for part in above:
        target = target.setdefault(part, {})
        if not isinstance(target, dict):
            written.mistakes.append(f"override {text!r}: {part!r} has no fields")
            return
    target[last] = value
    for place in [p for p in written.origins if p[: len(path)] == path]:
        del written.origins[place]
    for n in range(1, len(path)):
        written.origins.setdefault(path[:n], f"override {text}")
    written.origins[path] = f"override {text}"


def _listed(raw: str) -> list[str]:
    """`random,badge[x=1]`, with or without brackets and quotes around it."""
    raw = raw.strip()
    if raw.startswith("[") and raw.endswith("]"):
        raw = raw[1:-1]
    return [_unquoted(part.strip()) for part in split_list(raw)]


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _value(key: str, raw: str) -> Any:
    bare_list = key == "seeds" and "," in raw and not raw.strip().startswith("[")
    return yaml.safe_load(f"[{raw}]" if bare_list else raw)
