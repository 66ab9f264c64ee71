"""What a network does about modalities that aren't there; the study says which, in one word.

| `missing` | what the fusion reads of a missing modality | in training |
| --- | --- | --- |
| `token` | a learned embedding, which starts at zero | |
| `zero` | the embedding of an input of zeros; a column more says what was there | |
| `masked` | nothing: it leaves the modality out | |
| `experts` | nothing: unimodal predictions are multiplied (`late` only) | |
| `regression` | what linear maps make of the other modalities' embeddings | maps learn from pairs |
| `complete` | nothing if it can leave it out, else zeros | complete samples only |

Inputs are scaled by the pool, so a zero is their mean. With any of them, `modality_dropout` hides
modalities at random in training.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mindgap.learners.encoders import Encoder
from mindgap.learners.fusion import Embeddings
from mindgap.learners.layers import Draw, Parameters, layer, linear

MissingName = Literal["token", "zero", "masked", "experts", "regression", "complete"]


class Missing(ABC):
    """A handler of missing modalities.

    Attributes:
        extra: columns it adds to every embedding.
        skips: whether the fusion leaves missing modalities out and never reads what is filled in.
        complete_cases: whether only complete samples train.
        draws: what its parameters start from.
    """

    extra: int = 0
    skips: bool = False
    complete_cases: bool = False
    draws: Mapping[str, Draw] = {}

    @abstractmethod
    def fill(
        self,
        parameters: Parameters,
        encoded: Embeddings,
        observed: Bool[Tensor, "R B M"] | None,
    ) -> dict[str, Float[Tensor, "R B _D_m"]]:
        """What the fusion reads; `encoded` is anything finite where a modality is missing."""

    def penalty(
        self,
        parameters: Parameters,
        encoded: Embeddings,
        observed: Bool[Tensor, "R B M"] | None,
    ) -> Float[Tensor, " R"] | None:
        """What it adds to each run's loss, or None."""
        return None


class Token(Missing):
    """A learned embedding a modality, at zero until the first gap is seen."""

    def __init__(self, features: Mapping[str, int]) -> None:
        self.draws = {f"{name}.token": Draw((size,)) for name, size in features.items()}

    def fill(
        self,
        parameters: Parameters,
        encoded: Embeddings,
        observed: Bool[Tensor, "R B M"] | None,
    ) -> dict[str, Float[Tensor, "R B _D_m"]]:
        tokens = {name: parameters[f"{name}.token"].unsqueeze(1) for name in encoded}
        return chosen(encoded, tokens, observed)


class Zero(Missing):
    """An input of zeros takes its way through the encoder; a column more says what was there."""

    extra = 1

    def __init__(
        self, encoders: Mapping[str, Encoder], shapes: Mapping[str, tuple[int, ...]]
    ) -> None:
        self.encoders, self.shapes = encoders, shapes

    def fill(
        self,
        parameters: Parameters,
        encoded: Embeddings,
        observed: Bool[Tensor, "R B M"] | None,
    ) -> dict[str, Float[Tensor, "R B _D_m"]]:
        if observed is None:
            return {
                name: torch.cat([z, torch.ones_like(z[..., :1])], dim=2)
                for name, z in encoded.items()
            }
        blank = {}
        for name, z in encoded.items():
            inputs = z.new_zeros(len(z), 1, *self.shapes[name])
            blank[name] = self.encoders[name](parameters, inputs)
        filled = chosen(encoded, blank, observed)
        return {
            name: torch.cat([z, observed[:, :, m, None].to(z.dtype)], dim=2)
            for m, (name, z) in enumerate(filled.items())
        }


class Nothing(Missing):
    """Zeros, or nothing at all where the fusion leaves missing modalities out."""

    def __init__(self, *, skips: bool, complete_cases: bool = False) -> None:
        self.skips, self.complete_cases = skips, complete_cases

    def fill(
        self,
        parameters: Parameters,
        encoded: Embeddings,
        observed: Bool[Tensor, "R B M"] | None,
    ) -> dict[str, Float[Tensor, "R B _D_m"]]:
        return chosen(encoded, {name: z.new_zeros(()) for name, z in encoded.items()}, observed)


class Regression(Missing):
    """The mean of what linear maps make of the observed modalities' embeddings.

    There is a map for every ordered pair of modalities. It learns from the samples that have both
    (the complete ones, where there are two modalities), by the squared error to the embedding,
    which is held fixed; in the manner of Woo et al. 2023 (ActionMAE), much reduced.
    """

    def __init__(self, features: Mapping[str, int]) -> None:
        self.pairs = [(a, b) for b in features for a in features if a != b]
        self.draws = {}
        for source, target in self.pairs:
            self.draws |= layer(f"{source}.to.{target}", features[source], features[target])

    def fill(
        self,
        parameters: Parameters,
        encoded: Embeddings,
        observed: Bool[Tensor, "R B M"] | None,
    ) -> dict[str, Float[Tensor, "R B _D_m"]]:
        if observed is None:
            return dict(encoded)
        there = dict(zip(encoded, observed.unbind(dim=2), strict=True))
        guesses = {}
        for target in encoded:
            sources = [a for a, b in self.pairs if b == target]
            mapped = [self._mapped(parameters, encoded, a, target) for a in sources]
            used = torch.stack([there[a] for a in sources], dim=2).unsqueeze(3)
            count = used.sum(dim=2).clamp(min=1)
            guesses[target] = (torch.stack(mapped, dim=2) * used).sum(dim=2) / count
        return chosen(encoded, guesses, observed)

    def penalty(
        self,
        parameters: Parameters,
        encoded: Embeddings,
        observed: Bool[Tensor, "R B M"] | None,
    ) -> Float[Tensor, " R"]:
        errors = []
        for source, target in self.pairs:
            apart = self._mapped(parameters, encoded, source, target) - encoded[target].detach()
            error = (apart * apart).mean(dim=2)
            if observed is None:
                errors.append(error.mean(dim=1))
                continue
            names = list(encoded)
            both = observed[:, :, names.index(source)] & observed[:, :, names.index(target)]
            errors.append((error * both).sum(dim=1) / both.sum(dim=1).clamp(min=1))
        return torch.stack(errors).sum(dim=0)

    def _mapped(
        self, parameters: Parameters, encoded: Embeddings, source: str, target: str
    ) -> Float[Tensor, "R B D"]:
        return linear(encoded[source], parameters, f"{source}.to.{target}")


def chosen(
    encoded: Embeddings,
    stand_ins: Mapping[str, Float[Tensor, ...]],
    observed: Bool[Tensor, "R B M"] | None,
) -> dict[str, Float[Tensor, "R B _D_m"]]:
    """The embedding where the modality is observed, its stand-in elsewhere."""
    if observed is None:
        return dict(encoded)
    return {
        name: torch.where(observed[:, :, m, None], z, stand_ins[name])
        for m, (name, z) in enumerate(encoded.items())
    }


def thinned(
    observed: Bool[Tensor, "R B M"],
    noise: Float[Tensor, "R B M_plus_1"],
    rate: float,
) -> Bool[Tensor, "R B M"]:
    """Modality dropout (after Neverova et al. 2016, ModDrop): with probability `rate` a sample
    loses one of its observed modalities, any with the same probability, but never the last.

    Args:
        noise: uniform numbers; the first decides whether, the others which.
    """
    lowest = torch.where(observed, noise[:, :, 1:], 2.0).argmin(dim=2, keepdim=True)
    lost = torch.zeros_like(observed).scatter(2, lowest, value=True)
    several = observed.sum(dim=2, keepdim=True) > 1
    return observed & ~(lost & several & (noise[:, :, :1] < rate))


def handler(
    name: MissingName,
    encoders: Mapping[str, Encoder],
    shapes: Mapping[str, tuple[int, ...]],
    features: Mapping[str, int],
    *,
    skips: bool,
) -> Missing:
    """The handler of that name.

    Args:
        shapes: of the modalities.
        features: sizes of their embeddings.
        skips: whether the fusion can leave modalities out.
    """
    if name == "token":
        return Token(features)
    if name == "zero":
        return Zero(encoders, shapes)
    if name == "regression":
        return Regression(features)
    return Nothing(skips=skips, complete_cases=name == "complete")
