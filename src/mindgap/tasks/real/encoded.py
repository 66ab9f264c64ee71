"""Data sets of files, each kind of which goes through an encoder that can be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

from mindgap.errors import MindgapError, unknown
from mindgap.tasks.real import hugging_face, torch_vision
from mindgap.tasks.real.encoders import Encoder, needed
from mindgap.tasks.real.fetch import Cache, Package
from mindgap.tasks.real.harder import Downsampled, InNoise
from mindgap.tasks.real.hugging_face import HuggingFace
from mindgap.tasks.real.packaged import Packaged
from mindgap.tasks.real.pictures import EfficientNetLite0
from mindgap.tasks.real.sounds import SpeechEmbedding
from mindgap.tasks.real.texts import MiniLm
from mindgap.tasks.real.torch_vision import TorchVision

Kind = Literal["image", "text", "audio"]

#: Encoders whose weights come out of a package.
OURS: dict[Kind, dict[str, type[Encoder]]] = {
    "image": {"efficientnet_lite0": EfficientNetLite0},
    "text": {"minilm": MiniLm},
    "audio": {"speech_embedding": SpeechEmbedding},
}

#: How names of other people's encoders begin.
OTHERS: dict[Kind, tuple[str, ...]] = {
    "image": (hugging_face.PREFIX, torch_vision.PREFIX),
    "text": (hugging_face.PREFIX,),
    "audio": (hugging_face.PREFIX,),
}


def known(kind: Kind, name: str) -> None:
    """Refuse the name of an encoder of this kind that can be none.

    Raises:
        MindgapError: says what there is.
    """
    if name not in OURS[kind] and not name.startswith(OTHERS[kind]):
        hint = f"; or a model as {' or '.join(f'{prefix}NAME' for prefix in OTHERS[kind])}"
        raise MindgapError(unknown(f"{kind} encoder", name, OURS[kind], hint))


def encoder(kind: Kind, name: str) -> Encoder:
    """The encoder of this name, ready.

    Raises:
        MindgapError: the name can be none, the extra isn't installed, or there is no such model.
    """
    known(kind, name)
    if name in OURS[kind]:
        needed(OURS[kind][name].modules)  # before anything is fetched
        return OURS[kind][name]()
    if name.startswith(torch_vision.PREFIX):
        return TorchVision(name.removeprefix(torch_vision.PREFIX))
    return HuggingFace(kind, name.removeprefix(hugging_face.PREFIX))


@dataclass(frozen=True, kw_only=True)
class Encoded(Packaged):
    """A data set with an encoder for each kind of file; which kinds, say the classes below.

    What makes pictures or sounds harder happens before they are encoded, so a set that is made
    harder so is prepared and cached by itself.
    """

    #: Modality -> the kind of its files.
    kinds: ClassVar[Mapping[str, Kind]]

    def __post_init__(self) -> None:
        super().__post_init__()
        for kind, name in self._chosen.items():
            known(kind, name)

    @property
    def images(self) -> frozenset[str]:
        return frozenset(m for m, kind in self.kinds.items() if kind == "image")

    @property
    def recordings(self) -> frozenset[str]:
        return frozenset(m for m, kind in self.kinds.items() if kind == "audio")

    def prepared(self) -> Self:
        whole = self.complete()
        if self.downsampled is not None:
            return replace(whole, downsampled=self.downsampled, factor=self.factor)
        if self.raw:
            return replace(whole, noisy=self.noisy, noise_snr=self.noise_snr, raw=True)
        return whole

    def encoders(self) -> dict[str, Encoder]:
        """The encoder of each modality, ready.

        Raises:
            MindgapError: the extra isn't installed, or there is no such model.
        """
        kinds = dict.fromkeys(self.kinds.values())
        of_kinds = {kind: encoder(kind, self._chosen[kind]) for kind in kinds}
        found = {modality: of_kinds[kind] for modality, kind in self.kinds.items()}
        if self.downsampled is not None:
            found[self.downsampled] = Downsampled(found[self.downsampled], self.factor)
        if self.noisy is not None and self.raw:
            found[self.noisy] = InNoise(found[self.noisy], self.noise_snr)
        return found

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
            for which a network is needed once, or by the folder that holds it; or
            `torchvision:NAME`, e.g. `torchvision:resnet18`, likewise.
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
