"""torchvision's models by name, against a stand-in: the real one doesn't fit the torch here."""

import sys

import numpy as np
import pytest
import torch

from mindgap.errors import InvalidData, MindgapError
from mindgap.registry import Registry
from mindgap.tasks.real.emoji import Emoji
from mindgap.tasks.real.encoded import encoder
from mindgap.tasks.real.encoders import features
from mindgap.tasks.real.torch_vision import TorchVision

#: What of `torchvision.models` is used, on a network of 5 features.
MODELS = """
import enum, os, pathlib
import numpy as np, torch
from torch import nn


def net():
    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(6, 5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 4))


class TinyWeights(enum.Enum):
    V1 = 1
    DEFAULT = 1

    def get_state_dict(self, progress=True, check_hash=False, weights_only=False):
        path = pathlib.Path(os.environ["TORCH_HOME"]) / "tiny.pth"
        return torch.load(path, weights_only=weights_only)

    def transforms(self):
        def prepared(picture):
            assert picture.size == (224, 224)
            return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[:, ::8, ::8] / 255
        return prepared


MODELS = {"tiny": net, "convolved": lambda: nn.Sequential(nn.Conv2d(3, 6, 3)),
          "boxes": lambda: nn.Sequential(*list(net())[:2], nn.Linear(26, 4))}


def get_model_weights(name):
    if name not in MODELS:
        raise ValueError(f"Unknown model {name}")
    return TinyWeights


def get_model(name, weights):
    assert weights is None, "its builders unpickle"
    network = MODELS[name]()
    if name != "tiny":
        network.load_state_dict = lambda state: None
    return network
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A package on the path, and weights at random in its folder."""
    package = tmp_path / "site/torchvision"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models.py").write_text(MODELS)
    monkeypatch.syspath_prepend(tmp_path / "site")
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    torch.manual_seed(0)
    weights = {
        "0.weight": torch.randn(6, 3, 3, 3),
        "0.bias": torch.randn(6),
        "4.weight": torch.randn(5, 6),
        "4.bias": torch.randn(5),
        "7.weight": torch.randn(4, 5),
        "7.bias": torch.randn(4),
    }
    torch.save(weights, tmp_path / "tiny.pth")
    yield weights
    for name in ("torchvision", "torchvision.models"):
        sys.modules.pop(name, None)


@pytest.fixture
def png():
    from test_file_encoders import saved

    return saved((40, 40), (255, 0, 0, 255))


def test_features_are_what_the_last_layer_sees(stand_in, png, cache):
    tiny = TorchVision("tiny")
    found = features(tiny, {"red": png})
    pixels = torch.zeros(1, 3, 28, 28)
    pixels[:, 0] = 1
    maps = torch.nn.functional.conv2d(pixels, stand_in["0.weight"], stand_in["0.bias"]).relu()
    seen = (maps.mean((2, 3)) @ stand_in["4.weight"].T + stand_in["4.bias"]).relu()
    np.testing.assert_allclose(found[0], seen[0], rtol=1e-4, atol=1e-5)
    assert tiny.size == 5
    assert TorchVision("tiny").key == tiny.key


def test_other_weights_are_another_encoder(stand_in, tmp_path):
    before = TorchVision("tiny").key
    torch.save(stand_in | {"7.bias": torch.ones(4)}, tmp_path / "tiny.pth")
    assert TorchVision("tiny").key != before


def test_weights_that_would_run_code_are_not_read(stand_in, tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    torch.save({"0.weight": Evil()}, tmp_path / "tiny.pth")
    with pytest.raises(MindgapError, match="tiny can't be loaded as a model of torchvision"):
        TorchVision("tiny")
    assert not (tmp_path / "ran").exists()


def test_models_that_are_none_are_told(stand_in, png):
    with pytest.raises(
        MindgapError, match=r"can't be loaded as .*: Unknown model resnet; give a n"
    ):
        TorchVision("resnet")
    with pytest.raises(MindgapError, match="convolved of torchvision has no linear layer"):
        TorchVision("convolved")
    with pytest.raises(InvalidData, match="is no classifier of images: its last layer saw"):
        TorchVision("boxes").encode(png, "red")


def test_without_torchvision_or_with_one_that_does_not_fit(tmp_path, monkeypatch):
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(
        MindgapError, match=r"nms does not exist.*install the one that fits your to"
    ):
        TorchVision("resnet18")


def test_sets_take_it_by_name(stand_in):
    source = Registry().configure("task", "emoji[image_encoder=torchvision:tiny]").build()
    assert encoder("image", source.image_encoder).key.startswith("torchvision-tiny-")
    assert source.facts.cache.path != Emoji().facts.cache.path
    with pytest.raises(MindgapError, match="or a model as hf:NAME or torchvision:NAME"):
        Emoji(image_encoder="resnet18")
    with pytest.raises(MindgapError, match="unknown text encoder 'torchvision:tiny'"):
        Emoji(text_encoder="torchvision:tiny")
