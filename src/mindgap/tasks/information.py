"""What the modalities tell of the class, in bits: by subset, as dividends, and as PID atoms.

Where the label bits are independent, and stay so given the data, everything adds up over them
(BROJA atoms too: Bertschinger et al. 2014) and each bit is a symmetric channel, whose information
and whose Blackwell join with another are computed to about 1e-5 bits. Everywhere else it's the
posterior of drawn samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log, sqrt
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import xlogy

from mindgap.tasks.description import Description
from mindgap.tasks.label_channel import LabelBit, independent_prior, label_bits
from mindgap.tasks.pid import Atoms, atoms, mutual_information, union_information
from mindgap.tasks.quantised import quantised
from mindgap.tasks.subsets import Subset, joined, subsets

#: p(y | x_S) at samples drawn at random, the same ones for every subset.
Drawn = Callable[[Subset], Float[np.ndarray, "n C"]]


class Told(NamedTuple):
    """I(Y; X_S) in bits; the error is 0 where nothing was drawn."""

    bits: float
    error: float = 0.0


def information(description: Description, drawn: Drawn) -> dict[str, Any]:
    """What the modalities tell of the clean label; JSON only.

    As with the Bayes accuracies: all samples complete, the mask unknown, the shortcut as in the
    test set.

    Args:
        drawn: p(y | x_S) at independent draws of x; called only for subsets that aren't exact.

    Returns:
        `entropy` of the class, in bits, as all that follows.
        `mutual_information` and `standard_error` by subset ("" is none, "x1+x2"; the error is 0
            where nothing was drawn); `method` says which.
        `dividends`: the Moebius inverse of the former: what a subset tells beyond all that its
            own subsets tell; negative where they tell the same.
        `pid`: atoms of two `sources`, which are the two modalities or, of more, each one and the
            rest: `latent` (as if there were no noise) and `observed`, each with `redundant`,
            `unique` (of either source), `synergistic`; `observed` has an `error` by which each
            may be off.
    """
    names, prior = description.names, description.class_prior
    bits = label_bits(description)
    told: dict[Subset, Told] = {frozenset(): Told(0.0)}
    cells: dict[Subset, Float[np.ndarray, "C n"]] = {}
    from_cells = [
        pair for pair in pairs(names) if not is_exact(description, frozenset().union(*pair))
    ]
    for subset in subsets(names)[1:]:
        exact, source = is_exact(description, subset), any(subset in pair for pair in from_cells)
        if exact:
            told[subset] = of_bits(bits, subset)
        if source or not exact:
            p = drawn(subset)
            told.setdefault(subset, of_posterior(prior, p))
        if source:
            cells[subset] = quantised(p, prior)
    value = {subset: found.bits for subset, found in told.items()}
    return {
        "entropy": entropy(prior),
        "mutual_information": {joined(names, s): v for s, v in value.items()},
        "standard_error": {joined(names, s): found.error for s, found in told.items()},
        "dividends": {joined(names, s): d for s, d in dividends(value, names).items()},
        "pid": [
            {
                "sources": [joined(names, first), joined(names, second)],
                "latent": _as_json(latent_atoms(description, first, second)),
                "observed": _observed(bits, first, second, told, cells),
            }
            for first, second in pairs(names)
        ],
        "method": _method(names, told),
    }


def is_exact(description: Description, shown: Subset) -> bool:
    """Whether the label bits are independent, and stay so given x_S.

    A modality that may have lost its signal ties together all that it carries.
    """
    return independent_prior(description.class_prior) is not None and not any(
        description.corruption.get(name, 0) > 0 and len(description.axes[name]) > 1
        for name in shown
    )


def of_bits(bits: Sequence[LabelBit], shown: Subset) -> Told:
    """I(Y; X_S) of independent bits."""
    return Told(float(sum(mutual_information(bit.table(shown)) for bit in bits)))


def of_posterior(prior: Float[np.ndarray, " C"], p: Float[np.ndarray, "n C"]) -> Told:
    """H(Y) - mean H(Y | x_S), which varies less than the mean log ratio."""
    left = -xlogy(p, p).sum(axis=1) / log(2)
    return Told(entropy(prior) - float(left.mean()), float(left.std() / sqrt(len(left))))


def entropy(p: Float[np.ndarray, ...]) -> float:
    """In bits."""
    return float(-xlogy(p, p).sum() / log(2))


def dividends(value: Mapping[Subset, float], names: Sequence[str]) -> dict[Subset, float]:
    """Moebius inverse over subsets: d(S) = sum over T in S of (-1)^(|S| - |T|) v(T)."""
    return {
        subset: sum((-1) ** (len(subset) - len(t)) * value[t] for t in subsets(sorted(subset)))
        for subset in subsets(names)
    }


def pairs(names: Sequence[str]) -> list[tuple[Subset, Subset]]:
    """The two modalities; of more, each one and the rest; of one, nothing."""
    everything = frozenset(names)
    if len(names) == 2:
        return [(frozenset(names[:1]), frozenset(names[1:]))]
    return [(frozenset({name}), everything - {name}) for name in names if len(names) > 2]


def latent_atoms(description: Description, first: Subset, second: Subset) -> Atoms:
    """Atoms of two sources that know a label bit wherever they hold all that it takes.

    What they know is then a function of the class, f1 and f2, so Q is P: I(f1; f2) is redundant,
    H(f1 | f2) and H(f2 | f1) unique, H(Y | f1, f2) synergistic. Under a uniform prior each bit is
    one whole bit of a single atom, also where its groups are of different kinds.
    """

    def known(shown: Subset) -> tuple[int, ...]:
        return tuple(
            j
            for j, bit in enumerate(description.bits)
            if all(shown & set(group) for group in bit.groups)
        )

    cube = description.class_prior.reshape((2,) * len(description.bits))[..., None]

    def entropy_of(bits: set[int]) -> float:
        # the class number's most significant bit is the first axis
        hidden = set(range(len(description.bits))) - bits
        return entropy(cube.sum(axis=tuple(len(description.bits) - 1 - j for j in hidden)))

    by_first, by_second = set(known(first)), set(known(second))
    return atoms(
        entropy_of(by_first),
        entropy_of(by_second),
        entropy_of(set(known(first | second))),
        entropy_of(by_first | by_second),
    )


def observed_atoms(bits: Sequence[LabelBit], first: Subset, second: Subset) -> Atoms:
    """Atoms of what two sources show of independent bits, summed over the bits."""
    found = []
    for bit in bits:
        one, two = bit.table(first), bit.table(second)
        found.append(
            atoms(
                mutual_information(one),
                mutual_information(two),
                mutual_information(bit.table(first | second)),
                union_information(one, two)[0],
            )
        )
    return Atoms(*(float(sum(column)) for column in zip(*found, strict=True)))


def _observed(
    bits: Sequence[LabelBit],
    first: Subset,
    second: Subset,
    told: Mapping[Subset, Told],
    cells: Mapping[Subset, Float[np.ndarray, "C n"]],
) -> dict[str, Any]:
    if first not in cells:
        return {**_as_json(observed_atoms(bits, first, second)), "error": 0.0}
    one, two, both = told[first], told[second], told[first | second]
    found, lost = quantised_atoms(cells[first], cells[second], one.bits, two.bits, both.bits)
    return {**_as_json(found), "error": lost + max(one.error, two.error, both.error)}


def quantised_atoms(
    one: Float[np.ndarray, "C n1"],
    two: Float[np.ndarray, "C n2"],
    first: float,
    second: float,
    both: float,
) -> tuple[Atoms, float]:
    """Atoms from quantised sources, and how far quantising may have moved each of them.

    The union information lies between that of the quantised sources and the same plus all that
    quantising loses, I(Y; X1 | cell 1) + I(Y; X2 | cell 2), and never beyond what the atoms' signs
    allow: the middle of that range is taken.

    Args:
        one: P(y, cell of x1).
        two: P(y, cell of x2).
        first: I(Y; X1).
        second: I(Y; X2).
        both: I(Y; X1, X2).
    """
    union, gap = union_information(one, two, tolerance=1e-4)
    lost = max(first - mutual_information(one), 0) + max(second - mutual_information(two), 0)
    low = max(union - gap, first, second)
    high = min(union + lost, both, first + second)
    return atoms(first, second, both, (low + max(high, low)) / 2), max(high - low, 0) / 2


def _as_json(found: Atoms) -> dict[str, Any]:
    return {
        "redundant": found.redundant,
        "unique": [found.unique_1, found.unique_2],
        "synergistic": found.synergistic,
    }


def _method(names: Sequence[str], told: Mapping[Subset, Told]) -> str:
    drawn = [joined(names, subset) for subset, found in told.items() if found.error > 0]
    return "quadrature to 1e-5 bits" + (
        f"; Monte Carlo for {', '.join(drawn)}, and atoms of quantised posteriors" if drawn else ""
    )
