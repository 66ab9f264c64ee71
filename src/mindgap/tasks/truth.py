"""What a perfect learner would reach: the Bayes accuracy with every subset of the modalities."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
from jaxtyping import Float

from mindgap.tasks.accuracy import majority
from mindgap.tasks.closed import Accuracy, closed_form
from mindgap.tasks.description import Description
from mindgap.tasks.information import information
from mindgap.tasks.posterior import Mask, posterior, posterior_of_codes
from mindgap.tasks.sampled import DRAWS, Sample, accuracy, hits
from mindgap.tasks.subsets import Subset, joined, shapley, subsets

__all__ = ["FORMAT", "Mask", "joint", "posterior", "posterior_of_codes", "truth"]

#: Fewer draws of a pattern are not worth an accuracy.
FEWEST = 200

#: Raise it when the truth of the same description would read otherwise.
FORMAT = 4


def truth(description: Description) -> dict[str, Any]:
    """All that is known about a description, JSON only.

    A perfect learner knows the distribution of the *test set*, shortcut and mask included, and is
    asked for the clean label. Subsets are texts ("" is none, "x1+x2").

    Returns:
        `bayes_accuracy` and `standard_error` by subset shown, all samples complete, the mask
            unknown (the error is 0 where there is a closed form); `method` says which.
        `bits`: of each its name, groups, majority accuracy, and `bayes` by subset.
        `shapley`: value of each modality, of the Bayes accuracy.
        `bayes_natural`: on the test set's mix of patterns, the mask known; with its
            `natural_standard_error`, and `bayes_natural_mask_ignored`.
        `patterns`: of each pattern of the test set its share, `bayes`, `standard_error` and
            `bayes_mask_ignored`; these are None where it is too rare to tell.
        `complete`: where patterns depend on something, the test set's complete samples are unlike
            the others: `bayes_accuracy`, `bits` and `shapley` of these, else None.
        `pool`: where the pool's distribution misleads about the test set's, `bayes_accuracy` and
            `bayes_natural` of a perfect learner of the pool, on the pool and, as
            `test_accuracy` and `test_natural`, on the test set, else None.
        `against_label_noise`: `bayes_accuracy` measured against the pool's labels, None where
            they are clean.
        `information`: in bits, by subset, as dividends and as PID atoms; see `information`.
    """
    test = Sample(description)

    def of(subset: Subset) -> Accuracy:
        return closed_form(description, subset) or accuracy(test.shown(subset))

    found = {subset: of(subset) for subset in subsets(description.names)}
    of_class = {subset: value.of_class for subset, value in found.items()}
    of_bits = {subset: value.of_bits for subset, value in found.items()}
    return {
        "bayes_accuracy": _by_text(description, of_class),
        "standard_error": _by_text(description, {s: v.error for s, v in found.items()}),
        **_natural(description, found, test),
        "bits": _bits(description, of_bits, description.class_prior),
        "shapley": shapley(of_class, description.names),
        "complete": _complete(description, test),
        "pool": _pool(description, of_class, test),
        "against_label_noise": _against_label_noise(description, of_class),
        "method": _method(description, found),
        "information": information(description, test.shown),
    }


def joint(description: Description) -> float:
    """The Bayes accuracy with everything shown, as in `truth`."""
    everything = frozenset(description.names)
    found = closed_form(description, everything) or accuracy(Sample(description).shown(everything))
    return found.of_class


def _natural(
    description: Description, found: Mapping[Subset, Accuracy], test: Sample
) -> dict[str, Any]:
    mechanism = description.missing.of("test")
    shares = mechanism.shares(description.names, description.class_prior)
    if mechanism.is_random:
        of_pattern = {pattern: found[_subset(pattern)] for pattern in shares}
        natural = ignoring = sum(s * of_pattern[p].of_class for p, s in shares.items())
        error = sqrt(sum((s * of_pattern[p].error) ** 2 for p, s in shares.items()))
        patterns = {
            p: _pattern(share, of_pattern[p].of_class, of_pattern[p].of_class, of_pattern[p].error)
            for p, share in shares.items()
        }
    else:
        p_masked = test.natural()
        used, ignored = p_masked.max(axis=1), hits(test.natural(mask=False), p_masked)
        natural, ignoring = float(used.mean()), float(ignored.mean())
        error = float(used.std() / sqrt(len(used)))
        patterns = {
            pattern: _drawn_pattern(share, used[rows], ignored[rows])
            for pattern, share in shares.items()
            for rows in [test.having(_subset(pattern))]
        }
    return {
        "bayes_natural": natural,
        "natural_standard_error": error,
        "bayes_natural_mask_ignored": ignoring,
        "patterns": patterns,
    }


def _drawn_pattern(
    share: float, used: Float[np.ndarray, " n"], ignored: Float[np.ndarray, " n"]
) -> dict[str, float | None]:
    if len(used) < FEWEST:
        return _pattern(share, None, None, None)
    error = float(used.std() / sqrt(len(used)))
    return _pattern(share, float(used.mean()), float(ignored.mean()), error)


def _pattern(
    share: float, bayes: float | None, ignored: float | None, error: float | None
) -> dict[str, float | None]:
    return {
        "share": share,
        "bayes": bayes,
        "bayes_mask_ignored": ignored,
        "standard_error": error,
    }


def _complete(description: Description, test: Sample) -> dict[str, Any] | None:
    if description.missing.of("test").is_random:
        return None
    if test.having(frozenset(description.names)).sum() < FEWEST:
        return None
    p = {subset: test.shown_of_complete(subset) for subset in subsets(description.names)}
    found = {subset: accuracy(value) for subset, value in p.items()}
    of_class = {subset: value.of_class for subset, value in found.items()}
    of_bits = {subset: value.of_bits for subset, value in found.items()}
    return {
        "bayes_accuracy": _by_text(description, of_class),
        "bits": _bits(description, of_bits, p[frozenset()].mean(axis=0)),
        "shapley": shapley(of_class, description.names),
    }


def _pool(
    description: Description, of_class: Mapping[Subset, float], test: Sample
) -> dict[str, Any] | None:
    """Where shortcut or informative mask are others in the pool than in the test set."""
    shortcut, missing = description.shortcut, description.missing
    shortcut_misleads = shortcut is not None and shortcut.pool != shortcut.test
    masks_tell = not (missing.of("pool").is_random and missing.of("test").is_random)
    if not shortcut_misleads and not (masks_tell and missing.of("pool") != missing.of("test")):
        return None
    pool = Sample(description, "pool")
    own, carried = dict(of_class), dict(of_class)
    if shortcut is not None and shortcut_misleads:
        for subset in subsets(description.names):
            if shortcut.modality in subset:
                own[subset] = accuracy(pool.shown(subset)).of_class
                believed = test.shown(subset, law="pool")
                carried[subset] = float(hits(believed, test.shown(subset)).mean())
    if masks_tell:
        natural = float(pool.natural().max(axis=1).mean())
        test_natural = float(hits(test.natural("pool"), test.natural()).mean())
    else:
        natural = _mixed(description, "pool", own)
        test_natural = _mixed(description, "test", carried)
    return {
        "bayes_accuracy": _by_text(description, own),
        "bayes_natural": natural,
        "test_accuracy": _by_text(description, carried),
        "test_natural": test_natural,
    }


def _mixed(description: Description, split: str, of_class: Mapping[Subset, float]) -> float:
    """Over the patterns of a split, where the mask tells nothing."""
    mechanism = description.missing.of(split)
    shares = mechanism.shares(description.names, description.class_prior)
    return sum(share * of_class[_subset(pattern)] for pattern, share in shares.items())


def _subset(pattern: str) -> Subset:
    return frozenset(pattern.split("+"))


def _against_label_noise(
    description: Description, of_class: Mapping[Subset, float]
) -> dict[str, float] | None:
    """(1 - eta) A + eta (1 - A) / (K - 1)."""
    eta, others = description.label_noise, description.n_classes - 1
    if eta == 0:
        return None
    noisy = {s: (1 - eta) * a + eta * (1 - a) / others for s, a in of_class.items()}
    return _by_text(description, noisy)


def _bits(
    description: Description,
    per_bit: Mapping[Subset, list[float]],
    prior: Float[np.ndarray, " C"],
) -> list[dict[str, Any]]:
    return [
        {
            "name": bit.name,
            "groups": ["+".join(carriers) for carriers in bit.groups],
            "majority": majority(prior, j),
            "bayes": _by_text(description, {s: values[j] for s, values in per_bit.items()}),
        }
        for j, bit in enumerate(description.bits)
    ]


def _method(description: Description, found: Mapping[Subset, Accuracy]) -> str:
    drawn = [joined(description.names, s) or "none" for s, v in found.items() if v.error > 0]
    told = ["closed form"]
    if drawn:
        told.append(f"Monte Carlo with {DRAWS:,} draws for {', '.join(drawn)}")
    return "; ".join(told)


def _by_text(description: Description, values: Mapping[Subset, float]) -> dict[str, float]:
    return {joined(description.names, subset): value for subset, value in values.items()}
