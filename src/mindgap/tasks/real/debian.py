"""Data sets that arrive inside packages of Debian, read without installing them."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from mindgap.errors import MindgapError
from mindgap.tasks.real.fetch import Package, client

MAGIC = b"!<arch>\n"
HEADER = 60


@dataclass(frozen=True)
class Deb(Package):
    """A package of Debian, fetched by apt-get.

    A mirror has one version of a release; a machine with another release can't get this one.
    """

    suffix: ClassVar[str] = ".deb"

    @property
    def pinned(self) -> str:
        return f"{self.name}={self.version}"

    def _download(self, into: Path) -> None:
        if shutil.which("apt-get") is None:
            raise MindgapError(
                f"{self.pinned} is a package of Debian, and this machine has no apt-get to fetch "
                f"it; fetch it on one that has, with `apt-get download {self.pinned}`, and put it "
                f"here as {self.kept}"
            )
        done = client(["apt-get", "download", self.pinned], cwd=into)
        if done.returncode != 0 or not list(into.glob("*.deb")):
            lines = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
            why = lines[0].removeprefix("E: ") if lines else "apt-get gave no reason"
            raise self._refused(f"{why}; `apt-get update` may help")

    def _walk(self, file: Path, paths: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
        data = _data(file.read_bytes())
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|*") as archive:
            for entry in archive:
                path = entry.name.removeprefix("./")
                if entry.isfile() and path.startswith(paths):
                    content = archive.extractfile(entry)
                    yield path, content.read() if content else b""


def _data(deb: bytes) -> bytes:
    """The archive of files in a .deb, which is an `ar` archive (deb(5)).

    Raises:
        tarfile.ReadError: it isn't one.
    """
    place = len(MAGIC)
    while deb.startswith(MAGIC) and place + HEADER <= len(deb):
        name = deb[place : place + 16].decode("ascii", "replace").strip().rstrip("/")
        length = deb[place + 48 : place + 58].strip()
        if not length.isdigit():
            break
        place += HEADER
        if name.startswith("data.tar") and place + int(length) <= len(deb):
            return deb[place : place + int(length)]
        place += int(length) + int(length) % 2
    raise tarfile.ReadError("no whole data.tar in it")
