"""R copies of a user's `nn.Module` as one network, over views of the flat buffer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor, nn

from mindgap.errors import MindgapError
from mindgap.learners.layers import Parameters
from mindgap.learners.lending import Lending
from mindgap.learners.module_contract import built, check_module, has_batch_norm, kept, trained
from mindgap.learners.module_trial import ABSOLUTE, RELATIVE, RUNS, asked, check_lent, refused
from mindgap.learners.network import Network, Output
from mindgap.learners.stacking import Call, at_once, one_by_one
from mindgap.seeding import stream
from mindgap.tasks import TaskShape

#: Without dropout, which is refused, they are the same in training and in evaluation; but in
#: evaluation they take a fast path that can't be stacked.
ALWAYS_TRAINING = (nn.TransformerEncoder, nn.TransformerEncoderLayer, nn.MultiheadAttention)


class ModuleNetwork(Network):
    """A stack of modules; what requires a gradient is trained, all other state is kept a run.

    The module is in training mode where gradients are recorded, else in evaluation mode.

    Args:
        factory: makes a new module, its random numbers from torch's generator.
        shape: of the tasks.
        dropout: rate before the module's `head`.
        batch: samples a training step.
        unimodal_heads: whether the module classifies by each modality alone, too.

    Attributes:
        notes: what to know of how it runs, a sentence each.

    Raises:
        MindgapError: the module, or what it returns, breaks the contract; says what to mend.
    """

    def __init__(
        self,
        factory: Callable[[], nn.Module],
        shape: TaskShape,
        *,
        dropout: float = 0.0,
        batch: int = 64,
        unimodal_heads: bool = True,
    ) -> None:
        self.factory, self.names, self.n_classes = factory, tuple(shape.modalities), shape.n_classes
        self.dropout, self.unimodal_heads = dropout, unimodal_heads
        modules = [built(factory, stream("trial", r)) for r in range(RUNS)]
        self.module: Any = modules[0]
        check_module(self.module, built(factory, stream("trial", 0)), batch)
        self._lending = Lending(self.module)
        self.turned = _turned(self.module)
        self.shapes = {
            name: tuple(self._turn(name, value).shape)
            for name, value in trained(self.module).items()
        }
        states = [{**trained(module), **kept(module)} for module in modules]
        two = {
            name: torch.stack([self._turn(name, state[name]) for state in states])
            for name in states[0]
        }
        for name in self.shapes:
            two[name].requires_grad_()
        output = asked(self.module, shape, unimodal_heads, _set_mode)
        self.dropout_width = output.embedding.shape[1]
        self._check_head(output)
        self._forward = self._forward_of(self.module, self._lending)
        check_lent(self._forward, self._forward_of(modules[1], Lending(modules[1])), two, shape)
        reason = refused(self._forward, two, shape)
        self._over_runs = one_by_one if reason else at_once
        self.notes = self._noted(reason)

    def initial(self, rng: np.random.Generator) -> dict[str, Float32[np.ndarray, "*shape"]]:
        fresh = trained(built(self.factory, rng))
        return {name: self._turn(name, value).numpy() for name, value in fresh.items()}

    def constants(
        self, labels: Int64[Tensor, " n"], rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in kept(built(self.factory, rng)).items()}

    def encode(
        self, parameters: Parameters, inputs: Mapping[str, Float[Tensor, "R B ..."]]
    ) -> dict[str, Float[Tensor, "R B ..."]]:
        """The inputs as they are: where encoding ends and fusion starts only the module knows."""
        return dict(inputs)

    def fuse(
        self,
        parameters: Parameters,
        encoded: Mapping[str, Float[Tensor, "R B ..."]],
        observed: Bool[Tensor, "R B M"] | None,
        absent: str = "token",
        dropout: Float[Tensor, "R B H"] | None = None,
    ) -> Output:
        if absent != "token":
            raise MindgapError("a module of one's own has its own way with missing modalities only")
        if observed is None:
            one = encoded[self.names[0]]
            observed = one.new_ones(1, dtype=torch.bool).expand(*one.shape[:2], len(self.names))
            shown = dict(encoded)
        else:
            shown = {
                name: _zeroed(encoded[name], observed[:, :, m]) for m, name in enumerate(self.names)
            }
        logits, embedding, heads, embeddings = self._over_runs(
            self._forward, parameters, shown, observed
        )
        if dropout is not None:
            logits = self.head(parameters, embedding * dropout, observed)
        return Output(logits, embedding, heads, embeddings)

    def head(
        self,
        parameters: Parameters,
        embedding: Float[Tensor, "R B H"],
        observed: Bool[Tensor, "R B M"] | None,
    ) -> Float[Tensor, "R B C"]:
        logits: Tensor = self._over_runs(self._last, parameters, embedding)[0]
        return logits

    def own(self, parameters: Parameters) -> dict[str, Tensor]:
        """Parameters, of one run or of several, in the shapes that the module gives them."""
        return {name: self._turn(name, value) for name, value in parameters.items()}

    def _turn(self, name: str, value: Tensor) -> Tensor:
        return value.mT if name in self.turned else value

    def _forward_of(self, module: Any, lending: Lending) -> Call:
        """One run of this module; modalities in the task's order, whatever the module's."""
        heads = self.names if self.unimodal_heads else ()

        def forward(
            parameters: Parameters, inputs: Mapping[str, Tensor], observed: Tensor
        ) -> tuple[Any, ...]:
            _set_mode(module)
            with lending(self.own(parameters)):
                output = module(inputs, observed)
            return (
                output.logits,
                output.embedding,
                {name: output.unimodal_logits[name] for name in heads},
                {name: output.unimodal_embeddings[name] for name in self.names},
            )

        return forward

    def _last(self, parameters: Parameters, embedding: Tensor) -> tuple[Tensor]:
        with self._lending(self.own(parameters)):
            return (self.module.head(embedding),)

    def _check_head(self, output: Output) -> None:
        """Dropout and Monte-Carlo passes need the last step by itself."""
        if self.dropout == 0:
            return
        if not hasattr(self.module, "head"):
            raise MindgapError(
                f"dropout={self.dropout} acts between the embedding and self.head, and the module "
                "has no head: name its last layer so, or set dropout=0"
            )
        with torch.no_grad():
            logits = self.module.head(output.embedding)
        wanted = output.logits
        if logits.shape != wanted.shape or not torch.allclose(logits, wanted, RELATIVE, ABSOLUTE):
            raise MindgapError(
                "self.head(embedding) is something else than logits: return as embedding what goes "
                "into self.head, or set dropout=0"
            )

    def _noted(self, reason: str | None) -> list[str]:
        if reason:
            return [f"one run is trained after the other, since they can't be stacked: {reason}"]
        if has_batch_norm(self.module):
            return [
                "with BatchNorm, the last bits of a run depend on how many runs share its fleet"
            ]
        return []


def _set_mode(module: nn.Module) -> None:
    """Training where gradients are recorded, else evaluation."""
    if module.training == torch.is_grad_enabled():
        return
    module.train(torch.is_grad_enabled())
    for part in module.modules():
        if isinstance(part, ALWAYS_TRAINING) and part is not module:
            part.training = True


def _turned(module: nn.Module) -> set[str]:
    """Weights that the buffer holds as (in, out): so a linear layer's products and its gradient
    are laid out as they are read."""
    return {
        f"{name}.weight" if name else "weight"
        for name, part in module.named_modules()
        if type(part) is nn.Linear and part.weight.requires_grad
    }


def _zeroed(x: Float[Tensor, "R B ..."], there: Bool[Tensor, "R B"]) -> Float[Tensor, "R B ..."]:
    return torch.where(there.view(*there.shape, *[1] * (x.ndim - 2)), x, 0.0)
