"""Scenarios of one's own, from a file of ten lines, each with its truth and its control."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

from mindgap.errors import MindgapError, unknown
from mindgap.registry import Configured, component
from mindgap.tasks.description import Description
from mindgap.tasks.scenario import Scenario
from mindgap.tasks.scenarios.own_file import read
from mindgap.tasks.twins import unmatched
from mindgap.tasks.words import of_field

EXAMPLE = Path(__file__).parent / "example.yaml"


@component("task")
def own(file: Path | None = None, control: bool = False) -> Scenario:
    """A scenario of your own, described by a YAML file; without one, the example shown below.

        name: quiet_text
        modalities: {image: 32, text: 16}
        bits:
          both: image+text                   # redundant: the same value in both
          seen: {carriers: image, accuracy: 0.95}
          joint: [image, text]               # synergistic: XOR of two values
        strength: {text: 0.4}
        missing: {image: 0.2, text: 0.1}     # a fifth has only the image, a tenth only the text
        pitfall: strength                    # what the control is without
        pool: 4000

    A modality may also be a sequence, `[64, 2]` (steps, channels), or an image, `[1, 16, 16]`
    (channels, height, width). `accuracy` is what a perfect learner reaches on a bit, .975 where it
    isn't said. Further fields are `parity`, `corruption`, `shortcut`, `prior`, `label_noise`,
    `test` and `why_unmatched`. With `control=true` it is the control: the same, with the field
    under `pitfall` at its default.
    """
    path = EXAMPLE if file is None else file
    text = Configured("task", "own", {"file": file, "control": control}, own).text
    twin = Configured("task", "own", {"file": file, "control": True}, own).text
    said = read(path)
    try:
        description = said.description()
        plainly = Scenario(
            said.name, said.summary, description, said.pool, said.test, text=text, group="own"
        )
        if said.pitfall is None and control:
            raise MindgapError("it names no pitfall, so it is itself a control and has none")
        if said.pitfall is None and said.why_unmatched is not None:
            raise MindgapError("why_unmatched: it names no pitfall, so nothing has to match")
        if said.pitfall is None:
            return plainly
        default = default_of(said.pitfall, description)
        value = getattr(description, said.pitfall)
        without = replace(
            plainly,
            name=f"{said.name}_ctl",
            summary=f"{said.name} without its {said.pitfall.replace('_', ' ')}.",
            description=replace(description, **{said.pitfall: default}),
            text=twin,
        )
        if control:
            return without
        pitfall = "; ".join(of_field(description, said.pitfall))
        found = without.with_pitfall(pitfall, **{said.pitfall: value})
        if said.why_unmatched is None and (problem := unmatched(description, without.description)):
            raise MindgapError(problem)
        return replace(
            found,
            name=said.name,
            summary=said.summary,
            text=text,
            why_unmatched=said.why_unmatched or found.why_unmatched,
        )
    except MindgapError as error:
        raise MindgapError(f"scenario file {path}: {error}") from None


def default_of(field: str, description: Description) -> Any:
    """What the field is where nothing is said of it.

    Raises:
        MindgapError: it is no field, always has to be given, or has its default already.
    """
    defaults: dict[str, Any] = {
        f.name: f.default if f.default_factory is MISSING else f.default_factory()
        for f in fields(Description)
    }
    optional = [name for name, default in defaults.items() if default is not MISSING]
    if field in ("modalities", "dimensions", "bits"):
        raise MindgapError(
            f"pitfall: {field} must always be given, so there is no control without; name one of "
            f"{', '.join(optional)}, or pair two scenarios in Python with Scenario.with_pitfall"
        )
    if field not in optional:
        raise MindgapError("pitfall: " + unknown("field", field, optional))
    if getattr(description, field) == defaults[field]:
        raise MindgapError(f"pitfall: {field} is not given, so the control would be the same")
    if _law(description) == _law(replace(description, **{field: defaults[field]})):
        told = "; ".join(of_field(description, field))
        raise MindgapError(
            f"pitfall: {field} as given has no effect ({told}), so the control would be the same"
        )
    return defaults[field]


def _law(description: Description) -> list[Any]:
    """All that the distribution of the samples depends on, but for the shapes."""
    axes, prior = description.axes, description.class_prior
    heard = {name: lost for name, lost in description.corruption.items() if lost > 0 and axes[name]}
    everything = "+".join(description.names)
    gaps = [description.missing.of(split) for split in ("pool", "test")]
    return [
        axes,
        {name: description.amplitudes(name).round(9).tolist() for name in description.names},
        heard,
        description.shortcut,
        prior.round(9).tolist(),
        description.label_noise,
        [None if g.shares(description.names, prior)[everything] == 1 else g for g in gaps],
    ]
