"""Models of Hugging Face from a folder: tiny ones with random weights, saved there."""

import io
import json

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.registry import Registry
from mindgap.tasks.real import emoji
from mindgap.tasks.real.emoji import Emoji
from mindgap.tasks.real.encoders import features
from mindgap.tasks.real.hugging_face import HuggingFace


def test_names_of_encoders_are_checked():
    with pytest.raises(
        MindgapError, match=r"unknown text encoder 'minlm': did you mean 'minilm'\?"
    ):
        Emoji(text_encoder="minlm")
    with pytest.raises(MindgapError, match="or a model as hf:NAME or torchvision:NAME"):
        Emoji(image_encoder="clip")
    source = Registry().configure("task", "emoji[text_encoder=hf:a/b]").build()
    other = Registry().configure("task", "emoji[text_encoder=hf:a_b]").build()
    assert source.facts.cache.path != other.facts.cache.path
    assert source.facts.cache.path.parent == other.facts.cache.path.parent
    assert source.shape.modalities["image"] == (1280,)
    assert source.unavailable()


@pytest.fixture
def transformers():
    return pytest.importorskip("transformers", reason="needs the extra encoders")


@pytest.fixture
def bert(transformers, tmp_path):
    """A folder with a BERT of 16 features and the letters as its words."""
    folder = tmp_path / "bert"
    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"]
    (folder / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def vit(transformers, tmp_path):
    config = transformers.ViTConfig(
        hidden_size=12,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        image_size=32,
        patch_size=16,
    )
    transformers.ViTModel(config).save_pretrained(tmp_path / "vit")
    size = {"height": 32, "width": 32}
    transformers.ViTImageProcessor(size=size).save_pretrained(tmp_path / "vit")
    return tmp_path / "vit"


@pytest.fixture
def wav2vec(transformers, tmp_path):
    config = transformers.Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        conv_dim=(8, 8),
        conv_kernel=(10, 8),
        conv_stride=(5, 4),
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
    )
    transformers.Wav2Vec2Model(config).save_pretrained(tmp_path / "wav2vec")
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(tmp_path / "wav2vec")
    return tmp_path / "wav2vec"


def test_sounds_by_a_model_in_a_folder(wav2vec, cache):
    soundfile = pytest.importorskip("soundfile", reason="needs the extra encoders")
    sounds = {}
    for name, rate in (("low", 8000), ("high", 16000)):
        file, time = io.BytesIO(), np.arange(rate) / rate
        tone = np.sin(2 * np.pi * (200 if name == "low" else 2000) * time)
        soundfile.write(file, tone, rate, format="WAV")
        sounds[name] = file.getvalue()
    found = features(HuggingFace("audio", str(wav2vec)), sounds)
    assert found.shape == (2, 16)
    assert not np.allclose(*found)
    with pytest.raises(InvalidData, match="odd can't be decoded as a sound"):
        features(HuggingFace("audio", str(wav2vec)), {"odd": b"odd"})


def test_texts_by_a_model_in_a_folder(bert, cache):
    encoder = HuggingFace("text", str(bert))
    found = features(encoder, {"a": b"a b", "b": b"c d e"})
    assert found.shape == (2, 16)
    assert not np.allclose(*found)
    again = HuggingFace("text", str(bert))
    assert again.key == encoder.key, "the same weights"
    again._network.embeddings.word_embeddings.weight.data += 1
    again._network.save_pretrained(bert)
    assert HuggingFace("text", str(bert)).key != encoder.key, "other weights, other features"


def test_pictures_and_names_of_emoji_by_models_in_folders(bert, vit, monkeypatch):
    from test_file_encoders import saved
    from test_pictured import NAMES, Shelf

    monkeypatch.setattr(emoji, "NAMES", Shelf({emoji.NAMES_MEMBER: NAMES.encode()}))
    monkeypatch.setattr(emoji, "FONT", Shelf({emoji.FONT_MEMBER: b""}))
    colours = {one: (40 * i, 0, 0, 255) for i, one in enumerate("abcdefgh")}
    drawn = {c: saved((9, 9), colour) for c, colour in colours.items()}
    monkeypatch.setattr(
        emoji,
        "drawn",
        lambda _, all: dict(zip([e.name for e in all], drawn.values(), strict=False)),
    )
    for name, value in (("N_SAMPLES", 5), ("N_POOL", 2), ("N_TEST", 1)):
        monkeypatch.setattr(emoji, name, value)
    source = Emoji(image_encoder=f"hf:{vit}", text_encoder=f"hf:{bert}")
    assert source.unavailable()
    source.prepare()
    assert source.make(0).shape.modalities == {"image": (12,), "text": (16,)}
    assert source.shape == source.make(0).shape
    assert json.loads(json.dumps(source.card()))["modalities"] == {"image": [12], "text": [16]}


def test_a_model_that_is_not_there_or_is_pickled_is_refused(bert, tmp_path):
    with pytest.raises(MindgapError, match="nowhere can't be loaded as a model for text"):
        HuggingFace("text", str(tmp_path / "nowhere"))
    (bert / "model.safetensors").rename(bert / "pytorch_model.bin")
    with pytest.raises(MindgapError, match="give the name of one that has safetensors"):
        HuggingFace("text", str(bert))
