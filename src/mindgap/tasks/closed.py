"""Bayes accuracies in closed form, where there is one."""

from __future__ import annotations

from itertools import product
from math import prod, sqrt
from typing import NamedTuple

from scipy.special import ndtr

from mindgap.tasks.description import Bit, Description
from mindgap.tasks.subsets import Subset


class Accuracy(NamedTuple):
    """Bayes accuracy of the class and of each bit; the error is 0 where it is exact."""

    of_class: float
    of_bits: list[float]
    error: float = 0.0


def closed_form(description: Description, shown: Subset) -> Accuracy | None:
    """A bit has the accuracy (1 + prod_g e_g) / 2, the class their product; None where not.

    e_g = 2 Phi(sqrt(sum a^2)) - 1 over the shown carriers if their parities are 1,
    (2 Phi(a) - 1)^p for a single one, 0 for none. With corruption it is the mean over what is
    lost, as long as the best decision doesn't depend on that: no value has two shown carriers, one
    of them corrupted.
    """
    if description.prior is not None or _shortcut_tells(description, shown):
        return None
    corrupted = [m for m in description.names if description.corruption.get(m, 0) and m in shown]
    if any(not _is_simple(description, bit, shown, corrupted) for bit in description.bits):
        return None
    of_class, of_bits = 0.0, [0.0] * len(description.bits)
    for lost in product((False, True), repeat=len(corrupted)):
        shares = (description.corruption[m] for m in corrupted)
        weight = prod(s if gone else 1 - s for s, gone in zip(shares, lost, strict=True))
        heard = shown - {m for m, gone in zip(corrupted, lost, strict=True) if gone}
        bits = [_of_bit(description, bit, heard) for bit in description.bits]
        of_class += weight * prod(bits)
        of_bits = [total + weight * bit for total, bit in zip(of_bits, bits, strict=True)]
    return Accuracy(of_class, of_bits)


def _shortcut_tells(description: Description, shown: Subset) -> bool:
    shortcut = description.shortcut
    return shortcut is not None and shortcut.test != 0.5 and shortcut.modality in shown


def _is_simple(description: Description, bit: Bit, shown: Subset, corrupted: list[str]) -> bool:
    for group in bit.groups:
        there = [name for name in group if name in shown]
        hard = any(description.sub_bits(bit, m) > 1 or m in corrupted for m in there)
        if len(there) > 1 and hard:
            return False
    return True


def _of_bit(description: Description, bit: Bit, heard: Subset) -> float:
    product_of_groups = 1.0
    for g, group in enumerate(bit.groups):
        there = [name for name in group if name in heard]
        amplitudes = [description.amplitude(bit, g, name) for name in there]
        e = 2 * ndtr(sqrt(sum(a * a for a in amplitudes))) - 1
        product_of_groups *= float(e ** (description.sub_bits(bit, there[0]) if there else 1))
    return (1 + product_of_groups) / 2
