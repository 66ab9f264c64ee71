"""Encoders of one's own choice: any model of Hugging Face, by its name or its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.encoders import Encoder, digest, needed
from mindgap.tasks.real.pictures import picture
from mindgap.tasks.real.sounds import RATE, heard
from mindgap.tasks.real.texts import decoded

PREFIX = "hf:"

READERS = {
    "image": "AutoImageProcessor",
    "text": "AutoTokenizer",
    "audio": "AutoFeatureExtractor",
}


class HuggingFace(Encoder):
    """Mean of a model's last states, of its own preprocessing; weights in safetensors only.

    What comes with a model besides its weights is configuration, never code.

    Args:
        kind: of the files.
        name: of the model, or of a folder that holds it (`save_pretrained`).

    Raises:
        MindgapError: the extra isn't installed, or there is no such model.
    """

    packages = ()
    modules = ("transformers", "safetensors")

    def __init__(self, kind: Literal["image", "text", "audio"], name: str) -> None:
        transformers, _ = needed(self.modules)
        transformers.utils.logging.disable_progress_bar()
        self._kind = kind
        reader = READERS[kind]
        options = {"trust_remote_code": False}
        try:
            self._read: Any = getattr(transformers, reader).from_pretrained(name, **options)
            self._network: Any = transformers.AutoModel.from_pretrained(
                name, use_safetensors=True, **options
            ).eval()
        except Exception as error:  # what a name can lack is known to transformers alone
            why = str(error).splitlines()[0]
            raise MindgapError(
                f"{name} can't be loaded as a model for {kind}: {why}; give the name of one that "
                "has safetensors, with a network, or a folder that holds it"
            ) from None
        self.key = f"hf-{Path(name).name}-{digest(self._network)}"
        config = self._network.config
        self.size = int(getattr(config, "hidden_size", 0) or config.hidden_sizes[-1])

    def encode(self, content: bytes, name: str) -> Float[np.ndarray, " d"]:
        if self._kind == "image":
            read = self._read(images=picture(content, name), return_tensors="pt")
        elif self._kind == "audio":
            read = self._read(heard(content, name), sampling_rate=RATE, return_tensors="pt")
        else:
            read = self._read(decoded(content, name), return_tensors="pt", truncation=True)
        with torch.inference_mode():
            states = self._network(**read).last_hidden_state[0]
        mean: np.ndarray = states.flatten(1).mean(1 if states.ndim == 3 else 0).float().numpy()
        if mean.shape != (self.size,):
            raise InvalidData(f"{self.key} gives {mean.shape} numbers a file, not {self.size}")
        return mean
