"""What `mindgap show scenario --figure` draws: a card beside its control's, and some samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mindgap.report.scenario import Scatter, write
from mindgap.tasks.description import SHORTCUT, Axis, Description
from mindgap.tasks.generator import generate
from mindgap.tasks.rendering import room, templates
from mindgap.tasks.scenario import Scenario

SAMPLES, SEED = 400, 0


def save(scenario: Scenario, path: Path, dpi: int = 150) -> None:
    """Draw the scenario to a png, svg or pdf file.

    Raises:
        MindgapError: nothing can be written there.
    """
    control = scenario.control.card() if scenario.control else None
    write(path, scenario.text, scenario.card(), control, scatters(scenario), dpi)


def scatters(scenario: Scenario) -> dict[str, Scatter]:
    """Each modality's samples along its first two label axes, or along directions of noise where
    there are fewer; samples that lack it are left out."""
    description = scenario.description
    data = generate(description, scenario.family, SEED, "test", SAMPLES)
    labels, found = data.labels.numpy(), {}
    for m, name in enumerate(description.names):
        axes, shape = description.axes[name], description.shape(name)
        k = min(max(len(axes), 2), room(shape))  # columns beyond the code's hold noise alone
        here = data.observed[:, m].numpy()
        x = data.modalities[name].flatten(1).double().numpy()[here]
        points = np.zeros((len(x), 2))
        points[:, : min(k, 2)] = (x @ templates(scenario.family, SEED, name, shape, k))[:, :2]
        bits = np.zeros(points.shape, dtype=np.int64)
        for column, axis in enumerate(axes[:2]):
            bits[:, column] = (labels[here] >> axis.bit) & 1
        spare = "noise" if k > 1 else ""
        words = [*(_named(description, name, axis) for axis in axes[:2]), spare, spare]
        found[name] = Scatter((words[0], words[1]), points, bits)
    return found


def _named(description: Description, modality: str, axis: Axis) -> str:
    bit = description.bits[axis.bit]
    if axis.group == SHORTCUT:
        return f"shortcut to {bit.name}"
    parts = description.sub_bits(bit, modality)
    value = bit.name if len(bit.groups) == 1 else f"value {axis.group + 1} of {bit.name}"
    return value if parts == 1 else f"{value}, part {axis.sub + 1}"
