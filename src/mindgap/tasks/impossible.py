"""Why a description can't be: one sentence a fault, naming the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from mindgap.tasks.accuracy import majority
from mindgap.tasks.names import name_problem
from mindgap.tasks.rendering import room

if TYPE_CHECKING:
    from mindgap.tasks.description import Description, Shortcut

#: The truth sums over all subsets of the modalities, all classes, and for every subset again all
#: choices of what is lost to corruption. Most take seconds at this size, the slowest ten minutes;
#: one more doubles it.
LARGEST = 13

#: Axes of all modalities together; the truth holds 200,000 draws of each in memory, twice.
MOST_AXES = 256

MOST_SUB_BITS = 16
LOUDEST = 1e6


def problems(description: Description) -> Iterator[str]:
    """Every fault; later ones may rest on earlier ones, so stop at the first."""
    for field in fields(description):
        yield from _not_finite(getattr(description, field.name), field.name)
    if not description.dimensions or not description.bits:
        yield "a description needs at least one modality and one bit"
    for name in description.dimensions:
        if (problem := name_problem(name)) is not None:
            yield f"dimensions: {problem}"
    yield from _of_size(description)
    yield from _of_bits(description)
    yield from _of_modalities(description)
    yield from _of_prior(description)
    yield from _of_corruption(description)
    if description.shortcut is not None:
        yield from _of_shortcut(description, description.shortcut)
    yield from _of_shapes(description)
    if not 0 <= description.label_noise < 1:
        yield f"label_noise: {description.label_noise} is not in [0, 1)"
    yield from _of_missing(description)


def _not_finite(value: Any, place: str) -> Iterator[str]:
    """Numbers that are none, wherever they are."""
    if isinstance(value, float) and not isfinite(value):
        yield f"{place}: {value} is not a finite number"
    elif is_dataclass(value):
        for field in fields(value):
            yield from _not_finite(getattr(value, field.name), f"{place}.{field.name}")
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _not_finite(part, f"{place}.{key}")
    elif isinstance(value, tuple | list):
        for i, part in enumerate(value):
            yield from _not_finite(part, f"{place}.{getattr(part, 'name', i)}")


def _of_size(description: Description) -> Iterator[str]:
    m, b = len(description.dimensions), len(description.bits)
    lossy = sum(lost > 0 for lost in description.corruption.values())
    if m + b + 2 * lossy > LARGEST:
        corrupted = f", {lossy} of them corrupted, which count three times," if lossy else ""
        yield (
            f"{m} modalities{corrupted} and {b} bits are {m + b + 2 * lossy}, but at most "
            f"{LARGEST} are possible: the truth is known for every subset of the modalities and "
            "every class, and each more doubles the time that takes"
        )


def _of_prior(description: Description) -> Iterator[str]:
    prior = description.prior
    if prior is None:
        return
    if len(prior) != description.n_classes or min(prior) <= 0 or abs(sum(prior) - 1) > 1e-9:
        yield f"prior: give {description.n_classes} positive numbers that sum to 1"
    for j, bit in enumerate(description.bits):
        if (guessed := majority(description.class_prior, j)) >= bit.accuracy:
            yield (
                f"prior: bit {bit.name} is its more frequent value in {guessed:.4g} of the "
                f"samples, so its accuracy can't be {bit.accuracy}; raise it or even the prior out"
            )


def _of_bits(description: Description) -> Iterator[str]:
    names = [bit.name for bit in description.bits]
    for bit in description.bits:
        if (problem := name_problem(bit.name, "bit")) is not None:
            yield f"bits: {problem}"
        if names.count(bit.name) > 1:
            yield f"bit {bit.name}: this name occurs more than once"
        if not 0.5 < bit.accuracy < 1:
            yield f"bit {bit.name}: accuracy {bit.accuracy} is not in (0.5, 1)"
        if not bit.groups or not all(bit.groups):
            yield f"bit {bit.name}: every group needs a modality to carry it"
        for group in bit.groups:
            for carrier in group:
                if carrier not in description.dimensions:
                    yield f"bit {bit.name}: there is no modality {carrier!r}"
                if group.count(carrier) > 1:
                    yield f"bit {bit.name}: {carrier} carries the same value twice"
        for carrier, strength in bit.strength.items():
            if not any(carrier in group for group in bit.groups) or not _is_strength(strength):
                yield (
                    f"bit {bit.name}: strength {carrier}={strength} needs one of its carriers and "
                    f"a number from {1 / LOUDEST:g} to {LOUDEST:g}"
                )


def _is_strength(strength: float) -> bool:
    return 1 / LOUDEST <= strength <= LOUDEST


def _of_modalities(description: Description) -> Iterator[str]:
    bits = {bit.name for bit in description.bits}
    for modality, parity in description.parity.items():
        of_bits = parity if isinstance(parity, Mapping) else {}
        for p in of_bits.values() if isinstance(parity, Mapping) else [parity]:
            if modality not in description.dimensions or not 1 <= p <= MOST_SUB_BITS:
                yield (
                    f"parity: {modality}={p} needs a known modality and p >= 1, at most "
                    f"{MOST_SUB_BITS}"
                )
        for bit in of_bits:
            if bit not in bits:
                yield f"parity: {modality} is given for {bit!r}, which is no bit"
    for modality, strength in description.strength.items():
        if modality not in description.dimensions or not _is_strength(strength):
            yield (
                f"strength: {modality}={strength} needs a known modality and a number from "
                f"{1 / LOUDEST:g} to {LOUDEST:g}"
            )


def _of_shapes(description: Description) -> Iterator[str]:
    total = sum(map(len, description.axes.values()))
    if total > MOST_AXES:
        yield (
            f"the bits need {total} axes over all modalities, but at most {MOST_AXES} fit in memory"
        )
    for name, said in description.dimensions.items():
        shape, needed = description.shape(name), max(len(description.axes[name]), 1)
        if len(shape) > 3 or not shape or any(type(n) is not int or n < 1 for n in shape):
            yield (
                f"modality {name} is {said}; give d of a vector, (T, c) of a sequence or "
                "(c, h, w) of an image"
            )
        elif len(shape) == 3 and not all(8 <= side <= 32 for side in shape[1:]):
            yield f"modality {name} is {said}, but an image (c, h, w) has 8 to 32 pixels a side"
        elif room(shape) < needed:
            yield f"modality {name} has room for {room(shape)} axes, but its bits need {needed}"
    for name in description.names:
        if not all(map(isfinite, description.amplitudes(name))):
            yield (
                f"modality {name} can't be as clear as its bits' accuracies need, which are too "
                "near 1; lower them, or its parity"
            )


def _of_corruption(description: Description) -> Iterator[str]:
    for modality, lost in description.corruption.items():
        if modality not in description.dimensions or not 0 <= lost < 1:
            yield f"corruption: {modality}={lost} needs a known modality and a share in [0, 1)"
        for bit in description.bits:
            for g, carriers in enumerate(bit.groups):
                if modality not in carriers:
                    continue
                alone = description.alone(bit, g, modality)
                if alone >= 1 - lost:
                    yield (
                        f"corruption: {modality}={lost} leaves at most an accuracy of "
                        f"{1 - lost / 2:.4g} on what it carries of bit {bit.name}, which needs "
                        f"{(1 + alone) / 2:.4g}; lower the bit's accuracy or the corruption"
                    )


def _of_shortcut(description: Description, shortcut: Shortcut) -> Iterator[str]:
    if shortcut.modality not in description.dimensions:
        yield f"shortcut: there is no modality {shortcut.modality!r}"
    if shortcut.bit not in [bit.name for bit in description.bits]:
        yield f"shortcut: there is no bit {shortcut.bit!r}"
    if not 0 < shortcut.amplitude <= LOUDEST:
        yield f"shortcut: amplitude {shortcut.amplitude} is not positive and at most {LOUDEST:g}"
    for split in ("pool", "test"):
        if not 0 <= shortcut.agreement(split) <= 1:
            yield f"shortcut.{split}: {shortcut.agreement(split)} is not in [0, 1]"


def _of_missing(description: Description) -> Iterator[str]:
    for split in ("pool", "test"):
        mechanism = description.missing.of(split)
        for problem in mechanism.problems(description.names, description.class_prior):
            yield f"missing.{split}: {problem}"
        if mechanism.depends_on is not None:
            modality, bit = mechanism.depends_on
            if not description.label_axes(modality, bit):
                what = f"bit {bit!r}" if bit else "any bit"
                yield f"missing.{split}: {modality} carries nothing of {what} to depend on"
