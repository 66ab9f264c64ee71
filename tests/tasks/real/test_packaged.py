"""Splits that keep groups apart, packages that are kept, and a disk that is full."""

import hashlib
import io
import os
import tarfile
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest

from mindgap.errors import MindgapError
from mindgap.tasks.real import fetch
from mindgap.tasks.real.debian import Deb
from mindgap.tasks.real.packaged import apart


def test_no_group_is_on_both_sides():
    groups = np.repeat(np.arange(12), 25)
    for seed in range(5):
        pool, test = apart(groups, 130, 90, np.random.default_rng(seed))
        assert (len(pool), len(test)) == (130, 90)
        assert not set(groups[pool]) & set(groups[test])
        assert len(set(pool) | set(test)) == 220, "no sample comes twice"
        assert len(set(groups[pool])) == 6, "whole groups but for the last"


def test_the_largest_groups_are_in_the_pool():
    groups = np.repeat([0, 1, 2, 3, 4, 5, 6], [30, 5, 5, 5, 5, 5, 5])
    for seed in range(8):
        pool, test = apart(groups, 40, 20, np.random.default_rng(seed), largest=29)
        assert 0 in groups[pool]
        assert set(np.bincount(groups[test])) <= {0, 5}


def test_groups_too_large_for_a_test_set_are_refused():
    with pytest.raises(MindgapError, match="only 0 samples are left for a test set of 1"):
        apart(np.zeros(9, dtype=int), 4, 1, np.random.default_rng(0))


def test_a_package_is_fetched_once_and_looked_at_every_time(publish, index, cache):
    wheel = publish("toydata", {"a/x": b"1", "a/y": b"2", "b": b"3"})
    assert dict(wheel.members("a/")) == {"a/x": b"1", "a/y": b"2"}
    [kept] = (cache / "packages").iterdir()
    [served] = index.iterdir()
    served.rename(index / "away")
    assert wheel.member("b") == b"3"
    kept.write_bytes(b"damaged")
    with pytest.raises(MindgapError, match="can't be fetched"):
        wheel.member("b")
    (index / "away").rename(served)
    assert wheel.member("b") == b"3"


def test_a_full_disk_is_told_before_anything_is_fetched(publish, cache, monkeypatch):
    wheel = replace(publish("toydata", {"a": b"1"}), size=83_000_000)
    usage = namedtuple("usage", "free")(free=100_000_000)
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(MindgapError, match=r"needs 166 MB while it is fetched, but .* has 100 MB"):
        wheel.member("a")
    assert not list((cache / "packages").iterdir())


def test_a_disk_that_fills_up_is_told(publish, cache, monkeypatch):
    wheel = publish("toydata", {"a": b"1"})

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch.os, "replace", full)
    with pytest.raises(MindgapError, match=r"\(No space left on device\); set MINDGAP_CACHE"):
        wheel.member("a")
    assert not list((cache / "packages").iterdir())
    told = wheel._refused("OSError: [Errno 28] No space left on device")
    assert "no space left on the disk; make room" in str(told)


def test_an_archive_that_cannot_be_read_is_named(publish, index):
    wheel = publish("toydata", {"a": b"1" * 999})
    [served] = index.iterdir()
    torn = served.read_bytes().replace(b"1" * 99, b"2" * 99)
    served.write_bytes(torn)
    wheel = replace(wheel, sha256=fetch._sha256(served))
    with pytest.raises(MindgapError, match=r"toydata==1\.0 is not a whole archive"):
        wheel.member("a")


def deb(members):
    """A Debian package with these files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        for path, content in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    parts = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": data.getvalue()}
    whole = b"!<arch>\n"
    for name, content in parts.items():
        head = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
        whole += head.encode() + content + b"\n" * (len(content) % 2)
    return whole


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A stand-in for apt-get, first on the path, that serves what is in a folder."""
    served, tools = tmp_path / "mirror", tmp_path / "bin"
    served.mkdir()
    tools.mkdir()
    script = (
        '#!/bin/sh\nname="${2%%=*}"\n[ -f "%s/$name.deb" ] && cp "%s/$name.deb" . && exit 0\n'
        'echo "E: Unable to locate package $name" >&2\nexit 100\n'
    ).replace("%s", str(served))
    (tools / "apt-get").write_text(script)
    (tools / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    return served


def serve(mirror, name, content):
    (mirror / f"{name}.deb").write_bytes(content)
    return Deb(name, "1:2.0-1", hashlib.sha256(content).hexdigest(), len(content))


def test_a_debian_package_is_read_and_nothing_is_unpacked(mirror, tmp_path):
    package = serve(mirror, "stamps", deb({"./usr/a.txt": b"a", "../escaped": b"b"}))
    assert dict(package.members("usr/")) == {"usr/a.txt": b"a"}
    assert package.member("../escaped") == b"b"
    assert package.kept.name == "stamps-1_2.0-1.deb"
    assert not list(tmp_path.rglob("escaped"))
    (mirror / "stamps.deb").unlink()
    assert package.member("usr/a.txt") == b"a"


def test_debian_packages_that_cannot_be_had_are_told(mirror, monkeypatch):
    package = serve(mirror, "stamps", deb({"a": b"a"}))
    with pytest.raises(MindgapError, match=r"SHA-256 .*, expected 0000"):
        replace(package, sha256="0" * 64).member("a")
    with pytest.raises(MindgapError, match=r"other=1:2\.0-1 can't be fetched: .*Unable to locate"):
        replace(package, name="other").member("a")
    for torn in (b"", b"!<arch>\nodd", deb({"a": b"a"})[:-40]):
        with pytest.raises(MindgapError, match=r"torn=1:2\.0-1 is not a whole archive"):
            serve(mirror, "torn", torn).member("a")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MindgapError, match="this machine has no apt-get"):
        replace(package, name="other").member("a")
