"""The contract between the loop and a query strategy: `Pool` in, `Selection` out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mindgap.registry import Component
from mindgap.tasks import TaskShape
from mindgap.tasks.subsets import Subset

#: What a strategy may ask of a learner, and what it gets.
SERVED = {
    "probabilities": "(N, C) fused class probabilities",
    "unimodal_probabilities": "modality -> (N, C) of its own head; NaN where not observed",
    "embeddings": "(N, D) input of the last linear layer",
    "unimodal_embeddings": "modality -> (N, D_m) as the fusion sees them (a token where missing)",
    "subset_probabilities:token": "subset -> (N, C), absent modalities replaced by the token",
    "subset_probabilities:zero": "subset -> (N, C), absent modalities' embeddings set to zero",
    "mc_probabilities": "(T, N, C) with dropout left on; T draws of the weights, for all samples",
    "head": "the last linear layer: (B, D) and the rows they stand for -> (B, C) logits",
    "recombined": "(B, M) rows, each modality of a sample read from its own one -> (B, C)",
    "mc_recombined": "the same with the draws of `mc_probabilities` -> (T, B, C)",
}

#: What an oracle may ask of a task besides.
ORACLE = {
    "true_posterior": "(N, C) p(y | what is observed), which only a scenario knows",
    "true_labels": "(N, C) the labels that queries would reveal: 1 at the class, 0 elsewhere",
    "trial": "batches of rows (K, n) -> (K,) the next round's test accuracy with each",
}

#: The last linear layer of a learner: its inputs, and the rows whose gaps they have, to logits.
Head = Callable[[Float[Tensor, "B D"], Int[Tensor, " B"]], Float[Tensor, "B C"]]

#: The model on samples put together of several rows: where each modality is read from, to what is
#: said of them. A modality is observed if the row that it is read from has it.
Recombined = Callable[[Int[Tensor, "B M"]], Float[Tensor, "*T B C"]]

#: What batches would gain: rows to the test accuracy of a model trained with their labels too.
Trial = Callable[[Int[Tensor, "K n"]], Float[Tensor, " K"]]

#: What a learner must be capable of to serve a key, and what to do where it isn't.
NEEDED = {
    "unimodal_probabilities": ("unimodal_heads", "take a learner with a head for each modality"),
    "subset_probabilities:zero": (
        "zero_embeddings",
        "take a learner with a fusion that can be given embeddings of zeros, as built-in ones have",
    ),
    "head": (
        "head",
        "take a learner with one member; a module of your own needs a `head` and dropout",
    ),
    "true_posterior": ("posterior", "take a scenario: an oracle needs to know the truth"),
    "trial": ("test_set", "take a task with a test set"),
    "mc_probabilities": ("stochastic", "take a learner with a dropout above 0, or several members"),
    "mc_recombined": ("stochastic", "take a learner with a dropout above 0, or several members"),
}


class Validation(NamedTuple):
    """Samples whose labels are known and never trained on, drawn at random: `budget.validation`.

    Attributes:
        rows: (V,) rows of the pool.
        labels: (V,) their labels.
    """

    rows: Int[Tensor, " V"]
    labels: Int[Tensor, " V"]


@dataclass(frozen=True)
class Past:
    """An earlier round of the same run.

    Attributes:
        round: its number.
        rows: (n,) what was chosen at its end, best first.
        validation_accuracy: of the model that it was chosen with; None without validation labels.
        trace: (n, K) float64, what the strategy left with its `Selection`, or None.
    """

    round: int
    rows: Int[Tensor, " n"]
    validation_accuracy: float | None = None
    trace: Float[Tensor, "n K"] | None = None


#: No samples at all.
NOTHING = Validation(torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.int64))


@dataclass(frozen=True)
class Pool:
    """What a strategy sees: the whole pool of N samples, read-only, and only what it required.

    Attributes:
        names: the M modalities.
        n_classes: C.
        observed: (N, M) bool.
        labelled: (n,) rows with a label, in the order in which they were labelled.
        labels: (n,) their labels.
        candidates: (U,) rows that may be chosen, ascending.
        served: what the strategy required, by its key in `SERVED` or `ORACLE`.
        validation: rows that are neither, and their labels; none without `budget.validation`.
        history: the earlier rounds, in order; whatever a strategy has learned since the run began
            it works out from them, so that a run can go on in another process.
    """

    names: tuple[str, ...]
    n_classes: int
    observed: Bool[Tensor, "N M"]
    labelled: Int[Tensor, " n"]
    labels: Int[Tensor, " n"]
    candidates: Int[Tensor, " U"]
    served: Mapping[str, Any] = field(default_factory=dict)
    validation: Validation = NOTHING
    history: Sequence[Past] = ()

    @property
    def probabilities(self) -> Float[Tensor, "N C"]:
        """Class probabilities of the fused model."""
        value: Float[Tensor, "N C"] = self._serve("probabilities")
        return value

    @property
    def unimodal_probabilities(self) -> Mapping[str, Float[Tensor, "N C"]]:
        """Class probabilities of each modality's own head; NaN where it isn't observed."""
        value: Mapping[str, Float[Tensor, "N C"]] = self._serve("unimodal_probabilities")
        return value

    @property
    def embeddings(self) -> Float[Tensor, "N D"]:
        """Input of the last linear layer."""
        value: Float[Tensor, "N D"] = self._serve("embeddings")
        return value

    @property
    def unimodal_embeddings(self) -> Mapping[str, Float[Tensor, "N _D_m"]]:
        """Each modality's embedding as the fusion sees it: its token where it is missing."""
        value: Mapping[str, Float[Tensor, "N _D_m"]] = self._serve("unimodal_embeddings")
        return value

    @property
    def mc_probabilities(self) -> Float[Tensor, "T N C"]:
        """Class probabilities under T draws of the weights (Monte-Carlo dropout)."""
        value: Float[Tensor, "T N C"] = self._serve("mc_probabilities")
        return value

    def subset_probabilities(self, absent: str) -> Mapping[Subset, Float[Tensor, "N C"]]:
        """Class probabilities with only a subset of the modalities, for all 2^M subsets.

        Args:
            absent: what stands for a modality outside the subset: "token" (the learner's own) or
                "zero" (an embedding of zeros). A missing modality is absent in every subset.
        """
        value: Mapping[Subset, Float[Tensor, "N C"]] = self._serve(f"subset_probabilities:{absent}")
        return value

    @property
    def true_posterior(self) -> Float[Tensor, "N C"]:
        """What a perfect learner would say of every sample: for oracles."""
        value: Float[Tensor, "N C"] = self._serve("true_posterior")
        return value

    @property
    def true_labels(self) -> Float[Tensor, "N C"]:
        """The labels that queries would reveal, 1 at the class and 0 elsewhere: for oracles."""
        value: Float[Tensor, "N C"] = self._serve("true_labels")
        return value

    @property
    def trial(self) -> Trial:
        """What each of some batches would gain: for oracles. NaN where training diverges."""
        value: Trial = self._serve("trial")
        return value

    @property
    def head(self) -> Head:
        """The last linear layer: inputs like `embeddings` and their rows -> logits.

        It is differentiable in the inputs; it may depend on what the rows lack.
        """
        value: Head = self._serve("head")
        return value

    @property
    def recombined(self) -> Recombined:
        """(B, M) rows of the pool, one for each modality, -> (B, C) class probabilities.

        What the model would say of a sample that has the modalities of several.
        """
        value: Recombined = self._serve("recombined")
        return value

    @property
    def mc_recombined(self) -> Recombined:
        """The same under the T draws of the weights that `mc_probabilities` has: (T, B, C)."""
        value: Recombined = self._serve("mc_recombined")
        return value

    def _serve(self, what: str) -> Any:
        try:
            return self.served[what]
        except KeyError:
            raise LookupError(
                f"the strategy reads {what!r} but its requires() doesn't list it"
            ) from None


@dataclass(frozen=True)
class Selection:
    """What a strategy chose.

    Attributes:
        rows: (n,) distinct rows of the pool, best first, all of them candidates.
        scores: (n,) why, on the strategy's own scale; larger is more wanted. Floating-point, of any
            precision; infinite ones are allowed, NaN and integers are refused.
        trace: (n, K) finite numbers that it wants to find in later rounds' `history`, or None.
    """

    rows: Int[Tensor, " n"]
    scores: Float[Tensor, " n"]
    trace: Float[Tensor, "n K"] | None = None


class Strategy(Component):
    """Chooses what to label next. Derived classes are small, final, and only store keywords."""

    component_kind: ClassVar[str] = "strategy"

    #: "unimodal": knows only the fused model; "multimodal": looks at modalities; "oracle": knows
    #: what nobody who labels does.
    group: ClassVar[str] = "unimodal"

    #: whether a sample's score depends on nothing but the sample, so that scores can be compared
    #: among any of them: what wrappers need that choose by another strategy's scores
    pointwise: ClassVar[bool] = False

    #: time to choose b of N samples: C classes, D features, L labels, M modalities, T passes
    cost: ClassVar[str] = ""

    @abstractmethod
    def requires(self) -> Set[str]:
        """Keys of `SERVED` that `select` reads; an oracle also those of `ORACLE`."""

    def supports(self, shape: TaskShape, capabilities: Set[str]) -> str | None:
        """Why it can't work on such tasks or with such a learner, or None.

        By default it can wherever the learner is capable of what it requires. The capability
        "validation" stands for validation labels in the budget.
        """
        for key in sorted(self.requires()):
            capability, advice = NEEDED.get(key, ("", ""))
            if capability and capability not in capabilities:
                return f"it reads {key}, which needs the capability {capability!r}: {advice}"
        return None

    @abstractmethod
    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        """Choose `n` of the candidates; all randomness comes from `rng`, ties included."""


def best(scores: Float[Tensor, " U"], pool: Pool, n: int, rng: np.random.Generator) -> Selection:
    """The `n` candidates with the largest scores; `rng` decides between equal ones."""
    order = np.lexsort((rng.random(len(scores)), -scores.cpu().numpy()))[:n].copy()
    chosen = torch.from_numpy(order).to(scores.device)
    return Selection(pool.candidates[chosen], scores[chosen])


def argmax(scores: Float[Tensor, " U"], rng: np.random.Generator) -> int:
    """Where the largest score is; `rng` decides between equal ones."""
    if scores.isnan().any():
        raise ValueError("a score is NaN; has the network diverged?")
    largest = (scores == scores.max()).nonzero().flatten()
    return int(largest[rng.integers(len(largest))]) if len(largest) > 1 else int(largest[0])


def draw(weights: Float[Tensor, " U"], free: Bool[Tensor, " U"], rng: np.random.Generator) -> int:
    """One index with probability proportional to its weight, by inversion of one uniform.

    Args:
        weights: not negative, 0 for what isn't free.
        free: among which one is drawn uniformly where all weights are zero.
    """
    cumulative = weights.double().cumsum(dim=0)
    if not cumulative[-1] > 0:
        cumulative = free.double().cumsum(dim=0)
    threshold = cumulative[-1] * rng.random()
    return int(torch.searchsorted(cumulative, threshold, right=True).clamp(max=len(weights) - 1))
