"""What all sets that are read from copies have in common, whatever their layout."""

import sys

import pytest

from mindgap.cli import main
from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.tasks.real.copies.local import Local
from mindgap.tasks.real.encoded import OURS

REGISTRY = Registry()
SETS = [
    name
    for name in REGISTRY.names("task")
    if isinstance(target := REGISTRY.target("task", name), type) and issubclass(target, Local)
]

FIRST = ("av_mnist", "food101", "hateful_memes", "iemocap", "meld", "mm_imdb", "mvsa_single")


@pytest.fixture
def mindgap(monkeypatch, capsys):
    """Run a command; returns its exit code, stdout and stderr."""
    for encoders in OURS.values():
        for encoder in encoders.values():
            monkeypatch.setattr(encoder, "modules", ())

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["mindgap", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_they_are_found():
    assert set(FIRST) <= set(SETS)


@pytest.mark.parametrize("name", SETS)
def test_an_empty_folder_is_no_copy_and_is_told_in_one_sentence(mindgap, tmp_path, name):
    (tmp_path / "empty").mkdir()
    code, out, err = mindgap("prepare", name, "--from", tmp_path / "empty")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {tmp_path}/empty/")
    assert f"isn't there; a copy of {name} holds " in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert not list((tmp_path / "cache").glob("*.npz"))


@pytest.mark.parametrize("name", SETS)
def test_without_a_copy_a_set_says_what_it_is_and_what_to_do(name):
    source = REGISTRY.configure("task", name).build()
    card = source.card()
    assert all(card[key] for key in ("description", "source", "licence", "citation", "caveats"))
    assert card["pool"] > card["test"] > 0
    assert source.family == name
    assert f"`mindgap prepare {name} --from FOLDER`" in source.unavailable()
    with pytest.raises(MindgapError) as told:
        source.prepare()
    assert f"--from FOLDER`, where FOLDER holds {source.layout}" in str(told.value)
