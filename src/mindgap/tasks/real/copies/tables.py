"""Tables of a copy, row by row, each with the place it stands at for messages."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mindgap.errors import InvalidData

#: What a field must be: a type, or several.
Fields = Mapping[str, type | tuple[type, ...]]

_NAMES = {str: "a text", int: "a whole number", list: "a list"}


def json_lines(path: Path, fields: Fields) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file that has one on each line, and where each is.

    Raises:
        InvalidData: the file can't be read, or a line isn't an object with these fields.
    """
    for number, line in enumerate(_content(path).splitlines(), start=1):
        place = f"{path}, line {number}"
        yield place, _checked(_parsed(line, place), fields, place)


def json_list(path: Path, fields: Fields) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file that is one list of them, and where each is.

    Raises:
        InvalidData: the file can't be read, isn't a list, or an entry isn't an object with these
            fields.
    """
    entries = _parsed(_content(path), str(path))
    if not isinstance(entries, list):
        raise InvalidData(f"{path} should be a list")
    for number, entry in enumerate(entries, start=1):
        place = f"{path}, entry {number}"
        yield place, _checked(entry, fields, place)


def json_object(path: Path, fields: Fields) -> dict[str, Any]:
    """The object that a file is.

    Raises:
        InvalidData: the file can't be read, or isn't an object with these fields.
    """
    return _checked(_parsed(_content(path), str(path)), fields, str(path))


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a text, without their ends, and where each is.

    Raises:
        InvalidData: the file can't be read, or is no text.
    """
    for number, line in enumerate(io.StringIO(_text(path), newline=None), start=1):
        yield f"{path}, line {number}", line.rstrip("\n")


def csv_rows(
    path: Path, columns: tuple[str, ...], delimiter: str = ",", header: bool = True
) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a file by the names of its columns, and where each ends.

    The file's first line is a header that has these columns, or else it has these and no header.

    Raises:
        InvalidData: the file can't be read, lacks a column, or a row is longer or shorter than
            the header.
    """
    text = io.StringIO(_text(path), newline="")
    names = None if header else columns
    reader = csv.DictReader(text, names, delimiter=delimiter, strict=True)
    try:
        lacking = [name for name in columns if name not in (reader.fieldnames or ())]
        if lacking:
            raise InvalidData(f"{path} has no column {lacking[0]!r}")
        for row in reader:
            place = f"{path}, line {reader.line_num}"
            if None in row or None in row.values():
                raise InvalidData(f"{place} should have {len(reader.fieldnames or ())} columns")
            yield place, row
    except csv.Error as error:
        raise InvalidData(f"{path} can't be read after line {reader.line_num}: {error}") from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidData(f"{path} can't be read ({error.strerror})") from None


def _text(path: Path) -> str:
    try:
        return _content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidData(f"{path} is no text in UTF-8: {error}") from None


def _parsed(content: bytes, place: str) -> Any:
    try:
        value = json.loads(content)
        if b"\\ud" in content.lower():  # halves of a pair that no file could hold
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError) as error:
        raise InvalidData(f"{place} is no JSON: {error}") from None


def _checked(entry: Any, fields: Fields, place: str) -> dict[str, Any]:
    if not isinstance(entry, dict) or not set(entry) >= set(fields):
        raise InvalidData(f"{place} should have {', '.join(sorted(fields)) or 'fields'}")
    for name, types in fields.items():
        if not isinstance(entry[name], types):
            wanted = types if isinstance(types, tuple) else (types,)
            named = " or ".join(_NAMES[t] for t in wanted)
            raise InvalidData(f"{place}: {name} should be {named}")
    return entry
