"""The "label bits" generator: draws what a `Description` says, so that its truth is known."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from mindgap.seeding import stream
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.description import SHORTCUT, Axis, Bit, Description, Shortcut
from mindgap.tasks.label_axis import LabelEvidence
from mindgap.tasks.rendering import templates

__all__ = ["Axis", "Bit", "Description", "Shortcut", "draw", "generate", "intact"]

#: Numbers that are drawn at a time.
BLOCK = 65_536


def draw(
    description: Description, *key: str | int, n: int, split: str = "test"
) -> tuple[Int[np.ndarray, " n"], dict[str, Float[np.ndarray, "n _"]]]:
    """Draw n labels and, for every modality, the codes that carry them, without noise.

    Every value has a stream of its own, so that descriptions with a common part share its draws.
    The split settles how often a shortcut agrees with its bit.
    """
    labels = np.searchsorted(
        np.cumsum(description.class_prior)[:-1], stream(*key, "label").random(n), side="right"
    )
    values: dict[tuple[str, Axis], Float[np.ndarray, " n"]] = {}
    for j, bit in enumerate(description.bits):
        rest = (labels >> j) & 1
        for g, carriers in enumerate(bit.groups):
            is_last = g == len(bit.groups) - 1
            v = rest if is_last else stream(*key, "value", j, g).integers(2, size=n)
            rest = rest ^ v
            for name in carriers:
                left, p = v, description.sub_bits(bit, name)
                for s in range(p):
                    w = (
                        left
                        if s == p - 1
                        else stream(*key, "sub", j, g, name, s).integers(2, size=n)
                    )
                    left = left ^ w
                    values[name, Axis(j, g, s)] = 2.0 * w - 1
    if (shortcut := description.shortcut) is not None:
        j = description.number(shortcut.bit)
        agrees = stream(*key, "shortcut").random(n) < shortcut.agreement(split)
        pretended = np.where(agrees, (labels >> j) & 1, 1 - ((labels >> j) & 1))
        values[shortcut.modality, Axis(j, SHORTCUT, 0)] = 2.0 * pretended - 1
    codes = {}
    for name, axes in description.axes.items():
        signs = [values[name, axis] for axis in axes]
        code = np.stack(signs, axis=1) if signs else np.empty((n, 0))
        codes[name] = code * description.amplitudes(name)
        if name in description.corruption:
            codes[name] *= intact(description, *key, modality=name, n=n)
    return labels, codes


def intact(
    description: Description, *key: str | int, modality: str, n: int
) -> Bool[np.ndarray, "n 1"]:
    """Which of the samples that `draw` draws under this key have the modality's signal."""
    lost = description.corruption.get(modality, 0.0)
    whole: Bool[np.ndarray, "n 1"] = stream(*key, "corruption", modality).random((n, 1)) >= lost
    return whole


def generate(
    description: Description, family: str, seed: int, split: str, n: int
) -> MultimodalData:
    """Draw n samples of a split ("pool" or "test"); missing values are NaN.

    Streams are keyed by family, seed, split and purpose, so that tasks of one family share labels,
    noise, rotations or templates, and masks wherever their descriptions agree.
    """
    key = ("data", family, seed, split)
    labels, codes = draw(description, *key, n=n, split=split)
    inputs, projections = {}, {}
    for name in description.names:
        columns = templates(family, seed, name, description.shape(name), codes[name].shape[1])
        noise = stream(*key, "noise", name)
        inputs[name], projections[name] = _rendered(codes[name], columns, noise)
    observed = description.missing.of(split).draw(
        description.names, LabelEvidence(description, labels, projections), n, stream(*key, "mask")
    )
    modalities = {}
    for m, (name, x) in enumerate(inputs.items()):
        x[~observed[:, m]] = np.nan
        modalities[name] = torch.from_numpy(x).view(n, *description.shape(name))
    if split == "pool":
        labels = _noisy(labels, description, stream(*key, "label noise"))
    return MultimodalData(
        modalities,
        torch.from_numpy(observed),
        torch.from_numpy(labels),
        tuple(str(k) for k in range(description.n_classes)),
        np.arange(n).astype(str),
    )


def _rendered(
    code: Float[np.ndarray, "n k"], columns: Float[np.ndarray, "d k"], noise: np.random.Generator
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n k"]]:
    """Samples in single precision, and in double what they are along the columns; in blocks of
    rows that stay in the processor's cache."""
    n, d = len(code), len(columns)
    x, projection = np.empty((n, d), dtype=np.float32), np.empty(code.shape)
    for start in range(0, n, max(1, BLOCK // d)):
        rows = slice(start, start + max(1, BLOCK // d))
        block = noise.standard_normal((len(code[rows]), d))
        block += code[rows] @ columns.T
        projection[rows] = block @ columns
        x[rows] = block
    return x, projection


def _noisy(
    labels: Int[np.ndarray, " n"], description: Description, rng: np.random.Generator
) -> Int[np.ndarray, " n"]:
    """Move a share of the labels to another class, all others equally likely."""
    wrong = rng.random(len(labels)) < description.label_noise
    shift = rng.integers(1, description.n_classes, size=len(labels))
    return np.where(wrong, (labels + shift) % description.n_classes, labels)
