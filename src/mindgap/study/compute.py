"""Where networks are trained, and in which numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, get_args

import torch

from mindgap.errors import MindgapError
from mindgap.learners import HalfPrecision, Network

Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True)
class Compute:
    """A device and a precision.

    Attributes:
        device: "cpu", "cuda", or "cuda:1".
        precision: "bf16" multiplies in bfloat16, see `HalfPrecision`.
    """

    device: str = "cpu"
    precision: Precision = "fp32"

    def check(self) -> None:
        """Refuse what this machine hasn't.

        Raises:
            MindgapError: no such device or precision.
        """
        kind, colon, number = self.device.partition(":")
        if kind not in ("cpu", "cuda") or (colon and not number.isdecimal()):
            raise MindgapError(f"unknown device {self.device!r}: choose cpu or cuda")
        if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
            raise MindgapError(
                f"there is no device {self.device!r} on this machine; leave --device out"
            )
        if self.precision not in get_args(Precision):
            raise MindgapError(f"unknown precision {self.precision!r}: choose fp32 or bf16")

    @property
    def identity(self) -> list[str]:
        """What of it changes results, for the id of a run: the class of the device, the numbers."""
        kind = self.device.partition(":")[0]
        return [kind] if self.precision == "fp32" else [kind, self.precision]

    def network(self, network: Network) -> Network:
        """The same, computing in these numbers."""
        if self.precision == "fp32":
            return network
        return HalfPrecision(network, torch.device(self.device).type)

    def as_dict(self) -> dict[str, str]:
        """For a worker's job."""
        return asdict(self)


#: Where runs are made if nothing else is said.
CPU = Compute()
