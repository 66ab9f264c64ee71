"""The built-in learners: they differ in their fusion, and share all else."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, PositiveInt

from mindgap.errors import MindgapError
from mindgap.learners.attention import AttentionFusion, BottleneckFusion
from mindgap.learners.balance import BALANCES, BalanceName
from mindgap.learners.composed import Composed
from mindgap.learners.encoders import encoders, unfit
from mindgap.learners.fusion import (
    ConcatFusion,
    ExpertsFusion,
    Fusion,
    GatedFusion,
    LateFusion,
    LowRankFusion,
)
from mindgap.learners.layers import Norm
from mindgap.learners.learner import Learner
from mindgap.learners.missing import MissingName, handler
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class Fused(Learner):
    """An encoder a modality, then a fusion.

    Attributes:
        width: of each encoder's hidden layer; a convolution has a part of it as channels.
        feature: size of each modality's embedding.
        norm: "layer" normalises every sample within each hidden layer of encoders and fusion,
            before its ReLU; "none" doesn't.
        frozen: modalities that are features of another network already: one linear layer each.
        missing: what stands for a missing modality, see `mindgap.learners.missing`.
        modality_dropout: share of training samples that lose one of their observed modalities,
            never the last one.
        unimodal_weight: w in loss + w * (each modality's own loss where it is observed), which
            trains the encoders; at 0 the unimodal heads only watch.
        balance: how training keeps one modality from leaving the others behind: "gblend" weighs
            the losses by what a split of the labelled set says, "mmpareto" takes a direction that
            serves an encoder's multimodal and its unimodal loss, "ogm_ge" slows the leading
            modality's encoder down and adds noise, "none" does nothing.
    """

    #: whether the fusion can leave modalities out
    skips: ClassVar[bool] = True

    #: whether it can be made a product of experts
    experts: ClassVar[bool] = False

    #: whether the last layer is linear in the unimodal embeddings, side by side
    linear_head: ClassVar[bool] = False

    width: PositiveInt = 64
    feature: PositiveInt = 32
    norm: Norm = "none"
    frozen: tuple[str, ...] = ()
    missing: MissingName = "token"
    modality_dropout: Annotated[float, Field(ge=0, le=1)] = 0.0
    unimodal_weight: NonNegativeFloat = 0.0
    balance: BalanceName = "none"

    @property
    def capabilities(self) -> frozenset[str]:
        linear = {"linear_head"} if self.linear_head else set()
        return super().capabilities | {"unimodal_heads", "zero_embeddings"} | linear

    @abstractmethod
    def fusion(self, features: Mapping[str, int], n_classes: int) -> Fusion:
        """How embeddings of these sizes come together."""

    def supports(self, shape: TaskShape) -> str | None:
        if why := unfit(shape.modalities, self.frozen):
            return why
        if self.missing == "experts" and not self.experts:
            return (
                "missing=experts multiplies unimodal predictions, which only a late fusion has: "
                "take late[missing=experts]"
            )
        if self.missing == "masked" and not self.skips:
            return (
                "missing=masked leaves modalities out, but a concatenation has a place for each: "
                "take missing=token, or a fusion such as late or attention"
            )
        if self.missing == "regression" and len(shape.modalities) == 1:
            return "missing=regression infers a modality from the others, but there is only one"
        if self.balance != "none" and len(shape.modalities) == 1:
            return f"balance={self.balance} balances modalities, but there is only one"
        if BALANCES[self.balance].attached and self.unimodal_weight > 0:
            return (
                f"balance={self.balance} weighs the unimodal losses itself: leave unimodal_weight "
                "out"
            )
        return None

    def network(self, shape: TaskShape) -> Composed:
        """The stack of networks for tasks of this shape.

        Raises:
            MindgapError: the task's shape isn't supported.
        """
        if why := self.supports(shape):
            raise MindgapError(why)
        ways = encoders(
            shape.modalities, self.frozen, width=self.width, feature=self.feature, norm=self.norm
        )
        features = dict.fromkeys(shape.modalities, self.feature)
        missing = handler(self.missing, ways, shape.modalities, features, skips=self.skips)
        read = {name: size + missing.extra for name, size in features.items()}
        return Composed(
            ways,
            features,
            missing,
            self.fusion(read, shape.n_classes),
            dropout=self.dropout,
            modality_dropout=self.modality_dropout,
            unimodal_weight=self.unimodal_weight,
            balance=BALANCES[self.balance],
        )


@dataclass(frozen=True)
class Concat(Fused):
    """Embeddings side by side, one hidden layer: the default.

    Attributes:
        hidden: of the layer after concatenation.
    """

    skips = False

    hidden: PositiveInt = 64

    def fusion(self, features: Mapping[str, int], n_classes: int) -> Fusion:
        return ConcatFusion(features, n_classes, hidden=self.hidden, norm=self.norm)


@dataclass(frozen=True)
class ConcatLinear(Fused):
    """Embeddings side by side and a linear head on them, which BMMAL assumes."""

    skips = False
    linear_head = True

    def fusion(self, features: Mapping[str, int], n_classes: int) -> Fusion:
        return ConcatFusion(features, n_classes, hidden=None)


@dataclass(frozen=True)
class Late(Fused):
    """The mean of unimodal logits over the modalities that are there.

    Additive, so it can't learn what only two modalities together tell: the negative control for
    synergy. With `missing=experts` it is a product of experts.
    """

    experts = True
    linear_head = True

    missing: MissingName = "masked"

    def fusion(self, features: Mapping[str, int], n_classes: int) -> Fusion:
        if self.missing == "experts":
            return ExpertsFusion(features, n_classes)
        return LateFusion(features, n_classes)


@dataclass(frozen=True)
class Gated(Fused):
    """Gated multimodal unit: every unit of the joint layer weighs the modalities.

    Attributes:
        hidden: of the joint layer.
    """

    missing: MissingName = "masked"
    hidden: PositiveInt = 64

    def fusion(self, features: Mapping[str, int], n_classes: int) -> Fusion:
        return GatedFusion(features, n_classes, hidden=self.hidden)


@dataclass(frozen=True)
class LowRank(Fused):
    """Low-rank tensor fusion: products of all modalities' features, up to a rank.

    Attributes:
        hidden: of the joint layer.
        rank: of the tensor that takes all products to the joint layer.
    """

    hidden: PositiveInt = 64
    rank: PositiveInt = 4

    def fusion(self, features: Mapping[str, int], n_classes: int) -> Fusion:
        return LowRankFusion(features, n_classes, hidden=self.hidden, rank=self.rank)


@dataclass(frozen=True)
class Attention(Fused):
    """Self-attention among modality tokens, their mean, one hidden layer.

    Attributes:
        hidden: of the layer after the mean.
        heads: of the attention; they share `feature` among them.
    """

    missing: MissingName = "masked"
    hidden: PositiveInt = 64
    heads: PositiveInt = 2

    def supports(self, shape: TaskShape) -> str | None:
        return super().supports(shape) or _indivisible(self.feature, self.heads)

    def fusion(self, features: Mapping[str, int], n_classes: int) -> Fusion:
        return AttentionFusion(
            features,
            n_classes,
            hidden=self.hidden,
            heads=self.heads,
            size=self.feature,
            norm=self.norm,
        )


@dataclass(frozen=True)
class Bottleneck(Fused):
    """Attention through a few bottleneck tokens that gather from all modalities.

    Attributes:
        hidden: of the layer after the bottleneck.
        heads: of the attention; they share `feature` among them.
        tokens: how many bottleneck tokens.
    """

    missing: MissingName = "masked"
    hidden: PositiveInt = 64
    heads: PositiveInt = 2
    tokens: PositiveInt = 4

    def supports(self, shape: TaskShape) -> str | None:
        return super().supports(shape) or _indivisible(self.feature, self.heads)

    def fusion(self, features: Mapping[str, int], n_classes: int) -> Fusion:
        return BottleneckFusion(
            features,
            n_classes,
            hidden=self.hidden,
            heads=self.heads,
            size=self.feature,
            tokens=self.tokens,
            norm=self.norm,
        )


def _indivisible(feature: int, heads: int) -> str | None:
    if feature % heads:
        return f"{heads} heads can't share feature={feature} evenly: take a multiple"
    return None
