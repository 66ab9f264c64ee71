"""Fusion by attention: every modality is a token, its embedding plus an embedding of its type.

Scores and sums are written out, since modalities are few: a product a pair of tokens is faster
than a batched matrix product for each sample, and doesn't depend on what stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.learners import layers
from mindgap.learners.fusion import NEVER, Embeddings, Fusion, Present
from mindgap.learners.layers import (
    Draw,
    Norm,
    Parameters,
    class_layer,
    hidden_layer,
    layer,
    linear,
    unbiased,
)


class AttentionFusion(Fusion):
    """Self-attention among the tokens in use (Vaswani et al. 2017), their mean, a hidden layer.

    y_i = x_i + W_o [softmax_j(q_i . k_j / sqrt(d)) v_j for each head]; the mean of y over the
    tokens in use goes through one hidden layer. No layer norm inside: it is one block deep.
    """

    def __init__(
        self,
        features: Mapping[str, int],
        n_classes: int,
        *,
        hidden: int,
        heads: int,
        size: int,
        norm: Norm = "none",
    ) -> None:
        """`size`: of queries, keys and values, over all heads."""
        self.names, self.n_classes, self.width = tuple(features), n_classes, hidden
        self.heads, self.size = heads, size
        token = _token(features)
        self.draws = {
            "types": Draw((len(features), token), 1 / math.sqrt(token)),
            **layer("attention", token, 3 * size),
            **layer("attended", size, token),
            **hidden_layer("hidden", token, hidden, norm),
            **class_layer("head", hidden, n_classes),
        }

    def __call__(
        self, parameters: Parameters, seen: Embeddings, present: Present
    ) -> Float[Tensor, "R B D"]:
        tokens = _tokens(parameters, seen, self.names)
        count = len(self.names)
        flat = linear(tokens.flatten(1, 2), parameters, "attention")
        parts = flat.unflatten(1, (-1, count)).unflatten(3, (3, self.heads, -1)).unbind(dim=3)
        query, key, value = parts  # (R, B, M, heads, d)
        scores = (query.unsqueeze(3) * key.unsqueeze(2)).sum(dim=5)  # (R, B, M, M, heads)
        scores = scores / math.sqrt(self.size // self.heads)
        if present is not None:
            scores = torch.where(present[:, :, None, :, None], scores, NEVER)
        mixed = (scores.softmax(dim=3).unsqueeze(5) * value.unsqueeze(2)).sum(dim=3)
        attended = linear(mixed.flatten(3).flatten(1, 2), parameters, "attended")
        tokens = tokens + attended.unflatten(1, (-1, count))
        return layers.hidden(_mean(tokens, present), parameters, "hidden")


class BottleneckFusion(Fusion):
    """A few bottleneck tokens gather from the tokens in use (after Nagrani et al. 2021).

    Bottleneck l and head h weigh the modalities by softmax_m(a_lh . x_m) and take in their values:
    b_l + W_o [sum_m weight V_h x_m for each head]. The bottlenecks side by side go through one
    hidden layer. A learned query makes q . (K x) one linear layer, which it is here.
    """

    def __init__(
        self,
        features: Mapping[str, int],
        n_classes: int,
        *,
        hidden: int,
        heads: int,
        size: int,
        tokens: int,
        norm: Norm = "none",
    ) -> None:
        """`size`: of values and bottlenecks, over all heads; `tokens`: number of bottlenecks."""
        self.names, self.n_classes, self.width = tuple(features), n_classes, hidden
        self.heads, self.size, self.tokens = heads, size, tokens
        token = _token(features)
        self.draws = {
            "types": Draw((len(features), token), 1 / math.sqrt(token)),
            "bottlenecks": Draw((tokens, size), 1 / math.sqrt(size)),
            **unbiased("scores", token, tokens * heads),
            **layer("values", token, size),
            **layer("attended", size, size),
            **hidden_layer("hidden", tokens * size, hidden, norm),
            **class_layer("head", hidden, n_classes),
        }

    def __call__(
        self, parameters: Parameters, seen: Embeddings, present: Present
    ) -> Float[Tensor, "R B D"]:
        tokens = _tokens(parameters, seen, self.names).flatten(1, 2)
        count = len(self.names)
        scores = linear(tokens, parameters, "scores").unflatten(1, (-1, count))
        scores = scores.unflatten(3, (self.tokens, self.heads))  # (R, B, M, L, heads)
        values = linear(tokens, parameters, "values").unflatten(1, (-1, count))
        values = values.unflatten(3, (1, self.heads, -1))  # (R, B, M, 1, heads, d)
        if present is not None:
            scores = torch.where(present[:, :, :, None, None], scores, NEVER)
        mixed = (scores.softmax(dim=2).unsqueeze(5) * values).sum(dim=2)
        attended = linear(mixed.flatten(3).flatten(1, 2), parameters, "attended")
        bottleneck = parameters["bottlenecks"].unsqueeze(1)
        gathered = bottleneck + attended.unflatten(1, (-1, self.tokens))
        return layers.hidden(gathered.flatten(2), parameters, "hidden")


def _token(features: Mapping[str, int]) -> int:
    """The common size of all embeddings."""
    (size,) = set(features.values())
    return size


def _tokens(
    parameters: Parameters, seen: Embeddings, names: tuple[str, ...]
) -> Float[Tensor, "R B M D"]:
    stacked = torch.stack([seen[name] for name in names], dim=2)
    return stacked + parameters["types"].unsqueeze(1)


def _mean(tokens: Float[Tensor, "R B M D"], present: Present) -> Float[Tensor, "R B D"]:
    """Over the tokens in use; zero where none is."""
    if present is None:
        return tokens.sum(dim=2) / tokens.shape[2]
    count = present.sum(dim=2, keepdim=True).clamp(min=1)
    return (tokens * present.unsqueeze(3)).sum(dim=2) / count
