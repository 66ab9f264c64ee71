"""What a perfect learner would know: the exact posterior, and the Bayes accuracy it implies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from math import sqrt
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import log_expit, ndtr, softmax

from mindgap.seeding import stream
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.generator import Bit, Description, draw, rotation
from mindgap.tasks.subsets import Subset, joined, shapley, subsets

#: Draws for what has no closed form; the standard error of an accuracy is below .0012.
DRAWS = 200_000


def posterior(
    description: Description, family: str, seed: int, data: MultimodalData, shown: Subset
) -> Float[np.ndarray, "N C"]:
    """p(y | x_S) of samples that `generate` drew, S being what is shown and observed.

    The clean label's, whatever the label noise. Missingness is completely at random, so the mask
    itself says nothing.
    """
    codes = {}
    for name, x in data.modalities.items():
        k = len(description.axes[name])
        columns = rotation(family, seed, name, description.dimensions[name], k)
        codes[name] = x.double().nan_to_num().numpy() @ columns
    inside = np.array([name in shown for name in description.names])
    return posterior_of_codes(description, codes, data.observed.numpy() & inside)


def posterior_of_codes(
    description: Description,
    codes: Mapping[str, Float[np.ndarray, "N k"]],
    shown: Bool[np.ndarray, "N M"],
) -> Float[np.ndarray, "N C"]:
    """p(y | x_S) from the projections z_m = W_m' x_m, which are sufficient.

    Worked in log odds L = log P(0) - log P(1): a sub-bit has -2 a z, carriers of a value add up,
    and an XOR of two values has log(1 + exp(L1 + L2)) - log(exp(L1) + exp(L2)). Then
    p(y | x_S) is proportional to prior(y) prod_j P(y_j | x_S).
    """
    classes = np.arange(description.n_classes)
    log_p = np.log(description.class_prior)[None, :]
    for j, bit in enumerate(description.bits):
        odds = _log_odds(description, j, bit, codes, shown)[:, None]
        log_p = log_p + np.where((classes >> j) & 1, log_expit(-odds), log_expit(odds))
    probabilities: Float[np.ndarray, "N C"] = softmax(log_p, axis=1)
    return probabilities


def _log_odds(
    description: Description,
    j: int,
    bit: Bit,
    codes: Mapping[str, Float[np.ndarray, "N k"]],
    shown: Bool[np.ndarray, "N M"],
) -> Float[np.ndarray, " N"]:
    """log P(y_j = 0 | x_S) - log P(y_j = 1 | x_S) under a uniform prior of the bit."""
    values = []
    for g, carriers in enumerate(bit.groups):
        value = np.zeros(len(shown))
        for name in carriers:
            a = description.amplitude(bit, g, name)
            own = reduce(
                _xor,
                [
                    -2 * a * codes[name][:, k]
                    for k, axis in enumerate(description.axes[name])
                    if (axis.bit, axis.group) == (j, g)
                ],
            )
            value += np.where(shown[:, description.names.index(name)], own, 0.0)
        values.append(value)
    return reduce(_xor, values)


def _xor(
    first: Float[np.ndarray, " N"], second: Float[np.ndarray, " N"]
) -> Float[np.ndarray, " N"]:
    """Log odds of the XOR of two independent values."""
    odds: Float[np.ndarray, " N"] = np.logaddexp(first + second, 0) - np.logaddexp(first, second)
    return odds


def truth(description: Description) -> dict[str, Any]:
    """Bayes accuracy with every subset shown, over all and per bit; JSON only.

    Keys: `bayes_accuracy` and `standard_error` by subset ("" is none, "x1+x2"; the error is 0
    where there is a closed form), `bayes_natural` on the test set's mix of patterns, `bits` (name,
    groups, majority, bayes by subset), `shapley` of each modality, `method`.
    """
    names = description.names
    accuracy: dict[Subset, float] = {}
    error: dict[Subset, float] = {}
    per_bit: dict[Subset, list[float]] = {}
    for subset in subsets(names):
        closed = _closed_form(description, subset)
        if closed is not None:
            per_bit[subset], accuracy[subset] = closed, float(np.prod(closed))
            error[subset] = 0.0
        else:
            per_bit[subset], accuracy[subset], error[subset] = _monte_carlo(description, subset)
    natural = sum(
        share * accuracy[frozenset(pattern.split("+"))]
        for pattern, share in description.missing.shares("test", names).items()
    )
    drawn = [joined(names, subset) for subset in subsets(names) if error[subset] > 0]
    method = "closed form"
    if drawn:
        method += f"; Monte Carlo with {DRAWS:,} draws for {', '.join(s or 'none' for s in drawn)}"
    return {
        "bayes_accuracy": {joined(names, s): value for s, value in accuracy.items()},
        "standard_error": {joined(names, s): value for s, value in error.items()},
        "bayes_natural": natural,
        "bits": [
            {
                "name": bit.name,
                "groups": ["+".join(carriers) for carriers in bit.groups],
                "majority": _majority(description, j),
                "bayes": {joined(names, s): values[j] for s, values in per_bit.items()},
            }
            for j, bit in enumerate(description.bits)
        ],
        "shapley": shapley(accuracy, names),
        "method": method,
    }


def _closed_form(description: Description, shown: Subset) -> list[float] | None:
    """Accuracy of each bit, (1 + prod_g e_g) / 2, or None where there is no closed form.

    e_g = 2 Phi(sqrt(sum a^2)) - 1 over the shown carriers if their parities are 1,
    (2 Phi(a) - 1)^p for a single one, 0 for none.
    """
    if description.prior is not None:
        return None
    found = []
    for bit in description.bits:
        product = 1.0
        for g, carriers in enumerate(bit.groups):
            there = [name for name in carriers if name in shown]
            amplitudes = [description.amplitude(bit, g, name) for name in there]
            parities = [description.parity.get(name, 1) for name in there]
            if len(there) > 1 and max(parities) > 1:
                return None
            p = parities[0] if parities else 1
            e = 2 * ndtr(sqrt(sum(a * a for a in amplitudes))) - 1
            product *= float(e**p)
        found.append((1 + product) / 2)
    return found


def _monte_carlo(description: Description, shown: Subset) -> tuple[list[float], float, float]:
    """Accuracy of each bit and of the class, with the latter's standard error.

    The mean of the largest posterior probability, which varies less than the mean of hits.
    """
    key = ("truth",)
    _, codes = draw(description, *key, n=DRAWS)
    z = {
        name: code + stream(*key, "noise", name).standard_normal(code.shape)
        for name, code in codes.items()
    }
    inside = np.array([name in shown for name in description.names])
    p = posterior_of_codes(description, z, np.broadcast_to(inside, (DRAWS, len(inside))))
    largest = p.max(axis=1)
    per_bit = []
    for j in range(len(description.bits)):
        one = p[:, (np.arange(description.n_classes) >> j) & 1 == 1].sum(axis=1)
        per_bit.append(float(np.maximum(one, 1 - one).mean()))
    return per_bit, float(largest.mean()), float(largest.std() / sqrt(DRAWS))


def _majority(description: Description, j: int) -> float:
    """Accuracy on bit j of always guessing its more frequent value."""
    one = description.class_prior[(np.arange(description.n_classes) >> j) & 1 == 1].sum()
    return float(max(one, 1 - one))
