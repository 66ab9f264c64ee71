"""Encoders of one's own choice: any classifier of torchvision, by its name."""

from __future__ import annotations

import importlib
import sys
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.encoders import Encoder, digest, needed
from mindgap.tasks.real.pictures import picture

PREFIX = "torchvision:"


class TorchVision(Encoder):
    """What a classifier of torchvision has before its last linear layer, with its default weights.

    torchvision fetches the weights and keeps them (`TORCH_HOME`); they are read with
    `weights_only`, which its own builders don't ask for, so nothing is unpickled. The tests use a
    stand-in, since no torchvision that fits the torch here can be installed beside it; ResNet, ViT,
    Swin, EfficientNet, MobileNet and GoogLeNet of torchvision 0.29.1 were tried once, with weights
    at random and the package's compiled operators left out.

    Args:
        name: of a model, as `torchvision.models.list_models()` has it.

    Raises:
        MindgapError: torchvision isn't installed or doesn't fit torch, or there is no such model.
    """

    modules: ClassVar[tuple[str, ...]] = ("PIL.Image",)

    def __init__(self, name: str) -> None:
        needed(self.modules)
        try:
            models = importlib.import_module("torchvision.models")
        except Exception as error:  # one that doesn't fit torch raises anything
            raise MindgapError(
                f"torchvision can't be imported ({_first_line(error)}); install the one that fits "
                f"your torch {torch.__version__}"
            ) from None
        try:
            weights = models.get_model_weights(name).DEFAULT
            network = models.get_model(name, weights=None).eval()
            shown = sys.stderr.isatty()
            network.load_state_dict(
                weights.get_state_dict(progress=shown, check_hash=True, weights_only=True)
            )
            self._prepare: Any = weights.transforms()
        except Exception as error:  # what a name can lack is known to torchvision alone
            raise MindgapError(
                f"{name} can't be loaded as a model of torchvision: {_first_line(error)}; give a "
                "name of torchvision.models.list_models(), with a network for its weights"
            ) from None
        linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        if not linear:
            raise MindgapError(f"{name} of torchvision has no linear layer that its features enter")
        self._network, self._head = network, linear[-1]
        self.key = f"torchvision-{name}-{digest(network)}"
        self.size = self._head.in_features

    def encode(self, content: bytes, name: str) -> Float[np.ndarray, " d"]:
        [image] = needed(self.modules)
        pixels = self._prepare(image.fromarray(picture(content, name)))
        seen: list[torch.Tensor] = []
        hook = self._head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        try:
            with torch.inference_mode():
                self._network(pixels[None])
        finally:
            hook.remove()
        shapes = [tuple(x.shape) for x in seen]
        if shapes != [(1, self.size)]:
            raise InvalidData(f"{self.key} is no classifier of images: its last layer saw {shapes}")
        features: np.ndarray = seen[0][0].float().numpy()
        return features


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
