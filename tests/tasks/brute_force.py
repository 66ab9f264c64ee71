"""The posterior by brute force: every configuration of sub-bits, in the space of observations."""

from functools import lru_cache
from itertools import product

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from mindgap.tasks.description import SHORTCUT
from mindgap.tasks.missingness import MNARx, MNARy
from mindgap.tasks.rendering import rotation

GRID = np.linspace(-8.5, 8.5, 4001)


def configurations(description, split):
    """(probability, y, modality -> code) of every assignment of signs and of lost signals."""
    names = description.names
    slots = [(m, axis) for m in names for axis in description.axes[m]]
    lost = [description.corruption.get(m, 0.0) for m in names]
    prior = description.class_prior
    for signs in product((0, 1), repeat=len(slots)):
        w = dict(zip(slots, signs, strict=True))
        carried = {}
        for (m, axis), one in w.items():
            if axis.group != SHORTCUT:
                place = (m, axis.bit, axis.group)
                carried[place] = carried.get(place, 0) ^ one
        y, chance, consistent = 0, 1.0, True
        for j, bit in enumerate(description.bits):
            values = [{carried[m, j, g] for m in group} for g, group in enumerate(bit.groups)]
            if any(len(v) > 1 for v in values):
                consistent = False
                break
            y |= (sum(v.pop() for v in values) % 2) << j
            chance /= 2 ** (len(bit.groups) - 1)
        if not consistent:
            continue
        chance *= prior[y]
        for m, axis in slots:
            if axis.group == SHORTCUT:
                agrees = w[m, axis] == (y >> axis.bit) & 1
                rate = description.shortcut.agreement(split)
                chance *= rate if agrees else 1 - rate
            elif axis.sub > 0:
                chance /= 2
        for gone in product((False, True), repeat=len(names)):
            share = np.prod([q if g else 1 - q for q, g in zip(lost, gone, strict=True)])
            if share == 0:
                continue
            codes = {
                m: np.array(
                    [
                        0.0 if g else a * (2 * w[m, axis] - 1)
                        for axis, a in zip(
                            description.axes[m], description.amplitudes(m), strict=True
                        )
                    ]
                )
                for m, g in zip(names, gone, strict=True)
            }
            yield chance * share, y, codes


class MaskLaw:
    """P(r | configuration) where the deciding value isn't seen."""

    def __init__(self, description, split, configured):
        self.mechanism = description.missing.of(split)
        self.names = description.names
        if isinstance(self.mechanism, MNARy) or self.mechanism.is_random:
            return
        mechanism = self.mechanism
        self.decides = mechanism.modality if isinstance(mechanism, MNARx) else mechanism.given
        wanted = [b.name for b in description.bits].index(mechanism.bit)
        self.column = next(
            k for k, axis in enumerate(description.axes[self.decides]) if axis.bit == wanted
        )
        centres = np.array([codes[self.decides][self.column] for _, _, codes in configured])
        weights = np.array([chance for chance, _, _ in configured])
        self.mean = weights @ centres
        self.deviation = np.sqrt(weights @ (centres - self.mean) ** 2 + 1)
        distinct = {c: weights[centres == c].sum() for c in set(centres)}

        def rate(alpha):
            return sum(w * self.given_centre(c, alpha) for c, w in distinct.items())

        self.alpha = brentq(lambda a: rate(a) - mechanism.rate, -60, 60, xtol=1e-13)
        self.missing = lru_cache(None)(lambda c: self.given_centre(c, self.alpha))

    def given_centre(self, centre, alpha):
        z = GRID + centre
        chance = expit(alpha + self.mechanism.slope * (z - self.mean) / self.deviation)
        return np.trapezoid(chance * norm.pdf(GRID), GRID)

    def factor(self, y, codes, observed, seen):
        if self.mechanism.is_random:
            return 1.0
        there = observed[:, self.names.index(self.mechanism.modality)]
        if isinstance(self.mechanism, MNARy):
            rate = self.mechanism.rates[y]
            return np.where(there, 1 - rate, rate)
        rate = self.missing(codes[self.decides][self.column])
        known = seen[:, self.names.index(self.decides)]
        return np.where(known, 1.0, np.where(there, 1 - rate, rate))


def brute_force(description, family, seed, data, shown, split, mask=True):
    """p(y | x_S, r), r being left out of account if not `mask`."""
    configured = list(configurations(description, split))
    assert np.isclose(sum(chance for chance, _, _ in configured), 1)
    law = MaskLaw(description, split, configured)
    observed = data.observed.numpy()
    seen = observed & np.array([name in shown for name in description.names])
    total = np.zeros((len(data), description.n_classes))
    for chance, y, codes in configured:
        log_likelihood = np.zeros(len(data))
        for i, name in enumerate(description.names):
            columns = rotation(family, seed, name, description.dimensions[name], len(codes[name]))
            x = np.nan_to_num(data.modalities[name].double().numpy())
            distance = ((x - columns @ codes[name]) ** 2).sum(axis=1)
            log_likelihood += np.where(seen[:, i], -distance / 2, 0.0)
        factor = law.factor(y, codes, observed, seen) if mask else 1.0
        total[:, y] += chance * factor * np.exp(log_likelihood)
    return total / total.sum(axis=1, keepdims=True)
