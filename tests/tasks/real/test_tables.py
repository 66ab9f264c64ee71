"""Tables of copies: what is wrong with one is told with its file and line."""

import re

import pytest

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.tables import csv_rows, json_lines, json_list, json_object, lines

ROW = {"id": (int, str), "text": str}


@pytest.fixture
def table(tmp_path):
    def write(content):
        path = tmp_path / "table"
        path.write_bytes(content)
        return path

    return write


def test_rows_come_with_their_place(table):
    path = table(b'{"id": 1, "text": "a", "more": 2}\r\n{"id": "2", "text": "b"}\n')
    assert list(json_lines(path, ROW)) == [
        (f"{path}, line 1", {"id": 1, "text": "a", "more": 2}),
        (f"{path}, line 2", {"id": "2", "text": "b"}),
    ]
    path = table(b'{"id": 1, "text": "\\ud83d\\ude00"}')
    assert [row["text"] for _, row in json_lines(path, ROW)] == ["\N{GRINNING FACE}"]
    path = table(b'[{"id": 1, "text": "a"}]')
    assert list(json_list(path, ROW)) == [(f"{path}, entry 1", {"id": 1, "text": "a"})]
    assert json_object(table(b'{"id": 1, "text": "a"}'), ROW)["text"] == "a"
    path = table(b'\xef\xbb\xbfNo.,Said\n1,"two\nlines, said ""he"""\n2,\n')
    assert list(csv_rows(path, ("Said",))) == [
        (f"{path}, line 3", {"No.": "1", "Said": 'two\nlines, said "he"'}),
        (f"{path}, line 4", {"No.": "2", "Said": ""}),
    ]
    path = table("one\r\n\n\x85two\n".encode())
    told = [(f"{path}, line 1", "one"), (f"{path}, line 2", ""), (f"{path}, line 3", "\x85two")]
    assert list(lines(path)) == told
    assert [row for _, row in csv_rows(table(b"a\tb\n1\t2\n"), ("b",), "\t")] == [
        {"a": "1", "b": "2"}
    ]


@pytest.mark.parametrize(
    ("read", "content", "told"),
    [
        (json_lines, b'{"id": 1, "text": "a"}\nodd', "table, line 2 is no JSON"),
        (json_lines, b"[]", "table, line 1 should have id, text"),
        (json_lines, b'{"id": 1}', "table, line 1 should have id, text"),
        (json_lines, b'{"id": 1, "text": 3}', "line 1: text should be a text"),
        (json_lines, b'{"id": [], "text": ""}', "line 1: id should be a whole number or a text"),
        (json_lines, b"[" * 100_000, "table, line 1 is no JSON"),
        (json_lines, b'{"id": 1, "text": "\xff"}', "table, line 1 is no JSON"),
        (json_lines, b'{"id": 1, "text": "\\ud83d"}', "table, line 1 is no JSON"),
        (json_list, b"{}", "table should be a list"),
        (json_list, b"[3]", "table, entry 1 should have id, text"),
        (json_list, b"[", "table is no JSON"),
        (json_object, b"[]", "table should have id, text"),
        (csv_rows, b"", "table has no column 'id'"),
        (csv_rows, b"id\n1\n", "table has no column 'text'"),
        (csv_rows, b"id,text\n1,a\n2\n", "table, line 3 should have 2 columns"),
        (csv_rows, b"id,text\n1,a,b\n", "table, line 2 should have 2 columns"),
        (csv_rows, b'id,text\n1,"a"b\n', "table can't be read after line 1"),
        (csv_rows, b'id,text\n1,"a', "table can't be read after line 1"),
        (csv_rows, b"id,text\n1,\xff\n", "table is no text in UTF-8"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(table, read, content, told):
    fields = ("id", "text") if read is csv_rows else ROW
    with pytest.raises(InvalidData, match=re.escape(told)):
        list(read(table(content), fields))


def test_a_table_that_cannot_be_opened_is_told(tmp_path):
    with pytest.raises(InvalidData, match="can't be read"):
        list(json_lines(tmp_path, ROW))
    with pytest.raises(InvalidData, match="can't be read"):
        list(lines(tmp_path))
