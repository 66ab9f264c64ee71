"""Emoji, stamps and clip art as they are: accuracies of a linear model on encoded features.

The first number is over random folds, as others measure it; the second over folds that keep
groups apart, as our splits do.
"""

import pytest
from sanity import within

from mindgap.tasks.real.clip_art import ClipArt
from mindgap.tasks.real.emoji import Emoji
from mindgap.tasks.real.pictures import EfficientNetLite0
from mindgap.tasks.real.sounds import SpeechEmbedding
from mindgap.tasks.real.stamps import Stamps
from mindgap.tasks.real.texts import MiniLm

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def encoders():
    for module in {*EfficientNetLite0.modules, *MiniLm.modules, *SpeechEmbedding.modules}:
        pytest.importorskip(module, reason="needs the extra encoders")


def test_the_real_emoji():
    within(Emoji(), {"image": (76.8, 75.9), "text": (81.6, 79.6), "image+text": (85.9, 83.0)})


def test_the_real_stamps():
    expected = {"image": (78.8, 76.7), "text": (84.8, 81.9), "speech": (42.5, 31.9)}
    within(Stamps(speech="fr"), expected | {"image+text": (88.0, 84.0)})
    within(Stamps(), {"image+text+speech+sound": (88.8, 84.7)})


def test_the_real_clip_art():
    # Keeping titles apart costs by how the largest series fall into folds.
    expected = {"image": (63.6, 49.7), "text": (71.3, 52), "image+text": (75.4, 62)}
    within(ClipArt(), expected, tolerance=5)
