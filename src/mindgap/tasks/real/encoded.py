"""Data sets of files, each kind of which goes through an encoder that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mindgap.errors import MindgapError, unknown
from mindgap.tasks.real.encoders import Encoder, needed
from mindgap.tasks.real.fetch import Cache, Package
from mindgap.tasks.real.hugging_face import PREFIX, HuggingFace
from mindgap.tasks.real.packaged import Packaged
from mindgap.tasks.real.pictures import EfficientNetLite0
from mindgap.tasks.real.sounds import SpeechEmbedding
from mindgap.tasks.real.texts import MiniLm

Kind = Literal["image", "text", "audio"]

#: Encoders whose weights come out of a package.
OURS: dict[Kind, dict[str, type[Encoder]]] = {
    "image": {"efficientnet_lite0": EfficientNetLite0},
    "text": {"minilm": MiniLm},
    "audio": {"speech_embedding": SpeechEmbedding},
}


@dataclass(frozen=True, kw_only=True)
class Encoded(Packaged):
    """A data set with an encoder for each kind of file; which kinds, say the classes below."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for kind, name in self._chosen.items():
            if name not in OURS[kind] and not name.startswith(PREFIX):
                hint = f", or a model of Hugging Face as {PREFIX}NAME"
                raise MindgapError(unknown(f"{kind} encoder", name, OURS[kind], hint))

    def encoder(self, kind: Kind) -> Encoder:
        """The encoder of this kind of file, ready.

        Raises:
            MindgapError: the extra isn't installed, or there is no such model.
        """
        name = self._chosen[kind]
        if name in OURS[kind]:
            needed(OURS[kind][name].modules)  # before anything is fetched
            return OURS[kind][name]()
        return HuggingFace(kind, name.removeprefix(PREFIX))

    def size(self, kind: Kind, cache: Cache, modality: str | None = None) -> int:
        """How many features that encoder gives; of another's model 1 until the set is prepared.

        `modality` is what the set calls it, if not by its kind.
        """
        name = self._chosen[kind]
        if name in OURS[kind]:
            return OURS[kind][name].size
        return (cache.shape(modality or kind) or (0, 1))[1]

    def weights(self) -> tuple[Package, ...]:
        """The packages that the weights come out of."""
        ours = (OURS[kind].get(name) for kind, name in self._chosen.items())
        return tuple(package for encoder in ours if encoder for package in encoder.packages)

    @property
    def _chosen(self) -> dict[Kind, str]:
        return {k: getattr(self, f"{k}_encoder") for k in OURS if hasattr(self, f"{k}_encoder")}


@dataclass(frozen=True, kw_only=True)
class WithImages(Encoded):
    """A data set with pictures.

    Attributes:
        image_encoder: `efficientnet_lite0`, or `hf:NAME`, a model of Hugging Face by its name,
            for which a network is needed once, or by the folder that holds it.
    """

    image_encoder: str = "efficientnet_lite0"


@dataclass(frozen=True, kw_only=True)
class WithTexts(Encoded):
    """A data set with texts.

    Attributes:
        text_encoder: `minilm`, or `hf:NAME`, a model of Hugging Face.
    """

    text_encoder: str = "minilm"


@dataclass(frozen=True, kw_only=True)
class WithSounds(Encoded):
    """A data set with sounds.

    Attributes:
        audio_encoder: `speech_embedding`, or `hf:NAME`, a model of Hugging Face that takes waves.
    """

    audio_encoder: str = "speech_embedding"
