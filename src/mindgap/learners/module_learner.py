"""A learner with a network of one's own, any `nn.Module`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field
from torch import nn

from mindgap.errors import MindgapError
from mindgap.learners.learner import Learner
from mindgap.learners.module_network import ModuleNetwork
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class ModuleLearner(Learner):
    """Trains the `nn.Module` that `module` builds, many runs at once where `torch.vmap` can.

    Its `forward(inputs, observed)` takes modality -> (B, ...), zero where missing, and a mask
    (B, M), and returns an `Output` of tensors (B, ...). Missing modalities are its own affair. The
    loss is the cross-entropy of `logits` and of all `unimodal_logits`: detach what the heads read
    if they are only to watch.

    Attributes:
        dropout: rate before the module's `head`, which must then make `logits` of `embedding`.
    """

    #: whether the module returns `unimodal_logits`; else it returns an empty mapping
    unimodal_heads: ClassVar[bool] = True

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @abstractmethod
    def module(self, shape: TaskShape) -> nn.Module:
        """A new network for tasks of this shape, initialised with torch's own generator."""

    @property
    def capabilities(self) -> frozenset[str]:
        heads = {"unimodal_heads"} if self.unimodal_heads else set()
        headless = {"head"} if self.dropout == 0 else set()  # then nobody looked for one
        return (super().capabilities | heads) - headless

    def supports(self, shape: TaskShape) -> str | None:
        try:
            self.network(shape)
        except MindgapError as error:
            return str(error)
        return None

    def notes(self, shape: TaskShape) -> Sequence[str]:
        return self.network(shape).notes

    def network(self, shape: TaskShape) -> ModuleNetwork:
        """The stack of networks for tasks of this shape.

        Raises:
            MindgapError: the module can't be built, or it breaks the contract.
        """
        return ModuleNetwork(
            lambda: self.module(shape),
            shape,
            dropout=self.dropout,
            batch=self.batch,
            unimodal_heads=self.unimodal_heads,
        )
