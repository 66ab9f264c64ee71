"""Strategies that break the contract, one rule each: the rule, and part of what they are told."""

import random
from dataclasses import dataclass, field

import numpy as np
import torch

from mindgap.strategies import Selection, Strategy, best

#: Class -> (rule, part of the sentence).
EXPECTED = {}


def breaks(rule, *told):
    def mark(broken):
        EXPECTED[broken] = (rule, told)
        return dataclass(frozen=True)(broken) if broken.__init__ is object.__init__ else broken

    return mark


class Margins(Strategy):
    """Margin, for others to spoil."""

    def requires(self):
        return {"probabilities"}

    def scores(self, pool):
        top = pool.probabilities[pool.candidates].topk(2, dim=1).values
        return top[:, 1] - top[:, 0]

    def select(self, pool, n, rng):
        return best(self.scores(pool), pool, n, rng)


class Heads(Margins):
    """Reads the unimodal heads."""

    def requires(self):
        return {"unimodal_probabilities"}

    def heads(self, pool):
        """(U, M): confidence of every head."""
        return torch.stack(
            [pool.unimodal_probabilities[name][pool.candidates].amax(1) for name in pool.names], 1
        )


NOTHING_KNOWN = "no history is needed, and no validation labels where it accepts none"


@breaks(NOTHING_KNOWN, "IndexError", "pool.history is empty in the first round")
class Nostalgic(Margins):
    def select(self, pool, n, rng):
        chosen = super().select(pool, n, rng)
        return Selection(chosen.rows, chosen.scores * (2 + pool.history[-1].round))


@breaks(NOTHING_KNOWN, "IndexError", "refuses whatever lacks the capability 'validation'")
class Validates(Margins):
    def select(self, pool, n, rng):
        chosen = super().select(pool, n, rng)
        return Selection(chosen.rows, chosen.scores * (2 + pool.validation.labels[0]))


CONSTRUCTOR = "the constructor only stores its keywords"


@breaks(CONSTRUCTOR, "'power' isn't kept under its own name", "write self.power = power")
class Renames(Margins):
    def __init__(self, power=2.0):
        self._exponent = power


@breaks(CONSTRUCTOR, "it keeps 'cache', which is no keyword")
class Hoards(Margins):
    def __init__(self, power=2.0):
        self.power = power
        self.cache = {}


@breaks(CONSTRUCTOR, "given power=4.0 the constructor stores 16.0", "convert it in select")
class Converts(Margins):
    def __init__(self, power=2.0):
        self.power = power**2


@breaks(CONSTRUCTOR, "'power' is declared like a field", "write @dataclass(frozen=True)")
class Undecorated(Margins):
    power: float = 2.0

    def __init__(self):  # or `breaks` would decorate it
        pass


REQUIRES = "requires() names what is served"


@breaks(REQUIRES, "unknown key in requires() 'probabilites': did you mean 'probabilities'")
class Misspells(Margins):
    def requires(self):
        return {"probabilites"}


@breaks(REQUIRES, "true_posterior is served to oracles only: say group = 'oracle'")
class Peeks(Margins):
    def requires(self):
        return {"probabilities", "true_posterior"}


@breaks(REQUIRES, "must return a set of texts")
class OneText(Margins):
    def requires(self):
        return "probabilities"


REFUSES = "what a learner or task lacks is refused with a reason"


@breaks(REFUSES, "'mc_probabilities'", "without the capability 'stochastic'")
class TakesAnyLearner(Margins):
    def requires(self):
        return {"mc_probabilities"}

    def supports(self, shape, capabilities):
        return None


@breaks(REFUSES, "supports() returns False: return a sentence")
class SaysFalse(Margins):
    def supports(self, shape, capabilities):
        return False


@breaks(REFUSES, "refuses every task, the last one since it is shy")
class Shy(Margins):
    def supports(self, shape, capabilities):
        return "it is shy"


DISTINCT = "it returns n distinct candidates"


@breaks(DISTINCT, "is chosen more than once")
class Twice(Margins):
    def select(self, pool, n, rng):
        return Selection(pool.candidates[:1].repeat(n), torch.zeros(n))


@breaks(DISTINCT, "returned 0")
class TooFew(Margins):
    def select(self, pool, n, rng):
        return best(self.scores(pool), pool, n - 1, rng)


@breaks(DISTINCT, "is not a candidate")
class PlacesForRows(Margins):
    def select(self, pool, n, rng):
        return Selection(self.scores(pool).topk(n).indices, torch.zeros(n))


@breaks(DISTINCT, "'embeddings' but its requires() doesn't list it")
class ReadsMore(Margins):
    def scores(self, pool):
        return pool.embeddings.norm(dim=1)[pool.candidates]


@breaks(DISTINCT, "select raises ZeroDivisionError", "broken.py, line ")
class Stumbles(Margins):
    def scores(self, pool):
        return 1 / 0


@breaks("all the candidates can be asked for, and none", "asked for 30 of 30 candidates")
class OneMoreThanAsked(Margins):
    def select(self, pool, n, rng):
        chosen = self.scores(pool).topk(n + 1)
        return Selection(pool.candidates[chosen.indices[:n]], chosen.values[:n])


@breaks("all the candidates can be asked for, and none", "asked for 0 of 30 candidates")
class NeedsToChoose(Margins):
    def select(self, pool, n, rng):
        chosen = best(self.scores(pool), pool, n, rng)
        return Selection(chosen.rows, chosen.scores / chosen.scores.abs().max())


@breaks("one candidate is enough", "asked for 1 of 1 candidates", "a score is NaN")
class NeedsASpread(Margins):
    def scores(self, pool):
        scores = super().scores(pool)
        return (scores - scores.min()) / (scores.max() - scores.min()) if len(scores) else scores


@breaks("one label is enough", "asked for 10 of 39 candidates", "a score is NaN")
class NeedsTwoLabels(Margins):
    def scores(self, pool):
        labels = pool.labels.float()
        apart = (labels[:, None] - labels).abs().sum() / (len(labels) * (len(labels) - 1))
        return super().scores(pool) * apart


@breaks("one modality is enough", "with 1 modalities", "IndexError")
class NeedsTwo(Heads):
    def scores(self, pool):
        sure = self.heads(pool)
        observed = pool.observed[pool.candidates, :2].all(dim=1)
        return torch.where(observed, (sure[:, 0] - sure[:, 1]).abs(), 0.0)


@breaks("five modalities are not too many", "with 5 modalities")
class AtMostThree(Heads):
    def scores(self, pool):
        weights = torch.tensor([0.5, 0.3, 0.2])[torch.arange(len(pool.names))]
        return (self.heads(pool).nan_to_num(0.0) * weights).sum(dim=1)


@breaks("two classes are enough", "and 2 classes")
class NeedsThree(Margins):
    def scores(self, pool):
        top = pool.probabilities[pool.candidates].topk(3, dim=1).values
        return top[:, 2] - top[:, 0]


@breaks("a hundred classes are not too many", "and 100 classes")
class AtMostTen(Margins):
    def scores(self, pool):
        wanted = torch.arange(10).float()
        return wanted[pool.probabilities[pool.candidates].argmax(dim=1)] + super().scores(pool)


@breaks("probabilities may be exactly 0 or 1", "NaN")
class NeedsDoubt(Margins):
    def scores(self, pool):
        p = pool.probabilities[pool.candidates]
        return -(p * p.log()).sum(dim=1)


@breaks("the value of what isn't observed is not used", "leave these out with pool.observed")
class ReadsGaps(Heads):
    def scores(self, pool):
        return -self.heads(pool).mean(dim=1)


@breaks("samples may lack modalities", "returned")
class CompleteOnly(Margins):
    def select(self, pool, n, rng):
        complete = pool.candidates[pool.observed[pool.candidates].all(dim=1)]
        return Selection(complete[torch.from_numpy(rng.permutation(len(complete))[:n])],
                         torch.zeros(min(n, len(complete))))  # fmt: skip


UNCHANGED = "the pool is left as it was"


@breaks(UNCHANGED, "select changes the pool's probabilities: work on a copy")
class Renormalises(Margins):
    def scores(self, pool):
        pool.probabilities.mul_(0.5)
        return super().scores(pool)


@breaks(UNCHANGED, "select changes pool.labelled")
class Relabels(Margins):
    def scores(self, pool):
        pool.labelled.fill_(0)
        return super().scores(pool)


@breaks(UNCHANGED, "the pool's unimodal_probabilities of image")
class FillsGaps(Heads):
    def scores(self, pool):
        for p in pool.unimodal_probabilities.values():
            p.nan_to_num_(1.0)
        return -self.heads(pool).amin(dim=1)


GLOBALS = "global generators are left alone"


@breaks(GLOBALS, "the global generator of NumPy", "random_state=int(rng.integers(2**31))")
class NumpyNoise(Margins):
    def scores(self, pool):
        return super().scores(pool) + torch.from_numpy(np.random.random(len(pool.candidates)))  # noqa: NPY002


@breaks(GLOBALS, "the global generator of PyTorch")
class TorchNoise(Margins):
    def scores(self, pool):
        return super().scores(pool) + torch.rand(len(pool.candidates))


@breaks(GLOBALS, "the global generator of Python")
class PythonNoise(Margins):
    def scores(self, pool):
        return super().scores(pool) + random.random()  # noqa: S311


@breaks(GLOBALS, "the global generator of PyTorch")
class SeedsAnew(Margins):
    def scores(self, pool):
        torch.manual_seed(0)
        return super().scores(pool)


SAME = "the same generator gives the same choice"


@breaks(SAME, "take all randomness from rng")
class OwnGenerator(Margins):
    def select(self, pool, n, rng):
        return best(self.scores(pool), pool, n, np.random.default_rng()) if n < 10 else best(
            torch.zeros(len(pool.candidates)), pool, n, np.random.default_rng())  # fmt: skip


@breaks(SAME, "with the same pool, in which all candidates are alike,")
class OwnGeneratorForTies(Margins):
    def select(self, pool, n, rng):
        return best(self.scores(pool), pool, n, np.random.default_rng())


@breaks(SAME, "keep nothing from call to call")
class Remembers(Margins):
    seen = 0

    def select(self, pool, n, rng):
        type(self).seen += 1
        return best(torch.roll(self.scores(pool), type(self).seen), pool, n, rng)


@breaks(SAME, "select changes the strategy itself")
class TakesNotes(Margins):
    notes: list = field(default_factory=list)

    def select(self, pool, n, rng):
        self.notes.append(n)
        return best(self.scores(pool), pool, n, rng)


TIES = "the generator decides between equals"


@breaks(TIES, "64 generators never chose", "as best() and argmax() do")
class FirstWins(Margins):
    def select(self, pool, n, rng):
        chosen = self.scores(pool).sort(descending=True, stable=True)
        return Selection(pool.candidates[chosen.indices[:n]], chosen.values[:n])


@breaks(TIES, "96 generators never chose")
class OnlyTheFirstIsDrawn(Margins):
    def select(self, pool, n, rng):
        first = best(self.scores(pool), pool, min(n, 1), rng)
        rest = pool.candidates[~torch.isin(pool.candidates, first.rows)][: max(n - 1, 0)]
        rows = torch.cat([first.rows, rest])
        return Selection(rows, torch.zeros(len(rows)))


@breaks(TIES, "never chose")
class FixedSeed(Margins):
    def select(self, pool, n, rng):
        return best(self.scores(pool), pool, n, np.random.default_rng(0))


@breaks("the order of the pool doesn't matter", "chose", "scores must not depend on a sample's row")
class EarlyRowsFirst(Margins):
    def scores(self, pool):
        return super().scores(pool) - 0.01 * (pool.candidates > 30)


@breaks("memory stays bounded in a large pool", "MB beside the pool, more than 300", "in chunks")
class AllPairs(Margins):
    def requires(self):
        return {"embeddings"}

    def scores(self, pool):
        z = pool.embeddings[pool.candidates]
        return (z @ z.T > 0).float().mean(dim=1) if len(z) < 1000 else (z @ z[:5_000].T).mean(dim=1)
