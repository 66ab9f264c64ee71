"""A package index in a folder, so that the real pip works without a network, and a fresh cache."""

import hashlib
import os
import tempfile
import zipfile

import pytest

from mindgap.tasks.real.fetch import Wheel


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("MINDGAP_CACHE", str(folder))
    return folder


@pytest.fixture
def index(tmp_path, monkeypatch):
    """The folder that pip takes wheels from, and no other place."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def publish(index):
    """Put a wheel with these members into the index; returns its pin."""

    def put(name, members):
        path = index / f"{name}-1.0-py3-none-any.whl"
        about = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(
                f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            for member, content in members.items():
                wheel.writestr(member, content)
        return Wheel(name, "1.0", hashlib.sha256(path.read_bytes()).hexdigest())

    return put


@pytest.fixture
def downloads(tmp_path, monkeypatch):
    """Where temporary download folders go; must be empty when all is done."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder
