"""Scenarios from a file: what they mean, their control, and what is refused."""

import json
import textwrap

import pytest
import torch

from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.tasks.description import Bit, Description, Shortcut
from mindgap.tasks.missingness import MAR, Exclusive, Missingness, MNARy
from mindgap.tasks.scenario import Scenario, difference
from mindgap.tasks.scenarios.own import EXAMPLE, own

REGISTRY = Registry()
TEN = """
    name: quiet_text
    modalities: {image: 12, text: 8}
    bits:
      both: image+text
      seen: {carriers: image, accuracy: 0.95}
      joint: [image, text]
    strength: {text: 0.4}
    missing: {image: 0.2, text: 0.1}
    pitfall: strength
    pool: 400
"""


@pytest.fixture
def write(tmp_path):
    def made(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text))
        return path

    return made


def build(path, control=False) -> Scenario:
    extra = ", control=true" if control else ""
    return REGISTRY.configure("task", f"own[file={path}{extra}]").build()


def test_ten_lines_make_a_scenario_with_truth_and_control(write):
    path = write(TEN)
    scenario = build(path)
    gaps = Exclusive({"image": 0.2, "text": 0.1})
    assert scenario.description == Description(
        {"image": 12, "text": 8},
        (
            Bit("both", (("image", "text"),)),
            Bit("seen", (("image",),), 0.95),
            Bit("joint", (("image",), ("text",))),
        ),
        strength={"text": 0.4},
        missing=Missingness(gaps, gaps),
    )
    assert (scenario.name, scenario.pool, scenario.test) == ("quiet_text", 400, 4000)
    assert scenario.text == f"own[file={path}]"
    assert scenario.pitfall == "text speaks with 40% of the strength that others have"
    card = json.loads(json.dumps(scenario.card()))
    assert card["truth"]["bayes_accuracy"]["image+text"] == pytest.approx(0.975**2 * 0.95)
    assert card["truth"]["bayes_accuracy"]["image"] == pytest.approx(0.459, abs=0.001)
    assert scenario.make(0).shape == scenario.shape


def test_the_control_is_found_by_the_text_on_the_card(write):
    path = write(TEN)
    scenario = build(path)
    control = REGISTRY.configure("task", scenario.card()["control"])
    assert control.text == scenario.card()["control"]
    twin = control.build()
    assert twin.text == control.text == f"own[control=true, file={path}]"
    assert twin.description == scenario.control.description
    assert difference(twin.description, scenario.description) == ["strength"]
    assert twin.description.strength == {}
    assert twin.family == scenario.family
    assert twin.control is None
    assert torch.equal(twin.make(3).pool.labels, scenario.make(3).pool.labels)


def test_without_a_pitfall_it_is_a_control(write):
    path = write(TEN.replace("pitfall: strength", "test: 100"))
    scenario = build(path)
    assert (scenario.control, scenario.pitfall, scenario.family) == (None, None, "quiet_text")
    with pytest.raises(MindgapError, match="names no pitfall, so it is itself a control"):
        build(path, control=True)


def test_every_field_can_be_said(write):
    path = write(
        """
        name: all
        summary: Everything at once.
        modalities: {a: 9, b: 9, c: 5}
        bits:
          R: {carriers: a+b+c, accuracy: 0.8, strength: {a: 2}}
          S: {carriers: [a+b, c], accuracy: 0.8}
        parity: {a: 2, b: {S: 2}}
        strength: {b: 0.5}
        corruption: {c: 0.1}
        shortcut: {modality: c, bit: R, pool: 0.8}
        prior: [0.4, 0.3, 0.2, 0.1]
        label_noise: 0.1
        missing:
          pool: {mechanism: mar, modality: b, given: a, rate: 0.3, bit: S}
          test: {mechanism: mnar_y, modality: b, rates: [0.1, 0.2, 0.3, 0.4]}
        pool: 300
        test: 200
        pitfall: missing
        """
    )
    scenario = build(path)
    assert scenario.description == Description(
        {"a": 9, "b": 9, "c": 5},
        (
            Bit("R", (("a", "b", "c"),), 0.8, {"a": 2}),
            Bit("S", (("a", "b"), ("c",)), 0.8),
        ),
        parity={"a": 2, "b": {"S": 2}},
        strength={"b": 0.5},
        corruption={"c": 0.1},
        shortcut=Shortcut("c", "R", pool=0.8),
        prior=(0.4, 0.3, 0.2, 0.1),
        label_noise=0.1,
        missing=Missingness(MAR("b", "a", 0.3, 3.0, "S"), MNARy("b", (0.1, 0.2, 0.3, 0.4))),
    )
    assert scenario.control.description.missing == Missingness()
    assert scenario.summary == "Everything at once."
    scenario.make(0)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("pool: 400", "poll: 400", "unknown key 'poll': did you mean 'pool'"),
        ("accuracy: 0.95", "acuracy: 0.95", "bits.seen: unknown key 'acuracy': did you mean 'acc"),
        ("accuracy: 0.95", "accuracy: 0.4", r"bit seen: accuracy 0.4 is not in \(0.5, 1\)"),
        ("accuracy: 0.95", "accuracy: high", "bits.seen.accuracy: input should be a valid number"),
        ("image: 12", "image: 0", "modalities.image: give the numbers of a vector .*, got 0$"),
        ("image: 12", "image: 2", "modality image has room for 2 axes, but its bits need 3"),
        (
            "image: 12",
            "image: 12.5",
            "modalities.image: give the numbers .*, got 12.5$",
        ),
        ("image: 12", "image: []", r"give the numbers of a vector .*, got \[\]$"),
        ("image: 12", "image: [1, 16, 33]", "modality image is .* 8 to 32 pixels a side"),
        ("image: 12", "image: [1, 2]", "modality image has room for 2 axes"),
        ("image+text", "image+txt", "bit both: there is no modality 'txt'"),
        ("[image, text]", "[]", "bits.joint.carriers: value should have at least 1 item"),
        ("{text: 0.4}", "{txt: 0.4}", "strength: txt=0.4 needs a known modality"),
        (
            "{image: 0.2, text: 0.1}",
            "{image: 1.2}",
            r"missing.pool: 'image' has the rate 1.2, which is not in",
        ),
        (
            "{image: 0.2, text: 0.1}",
            "{mechanism: mnar}",
            r"missing\.pool: unknown mechanism 'mnar'",
        ),
        (
            "{image: 0.2, text: 0.1}",
            "{mechanism: mar, modality: text, givn: image}",
            "missing.pool: unknown key 'givn': did you mean 'given'",
        ),
        (
            "{image: 0.2, text: 0.1}",
            "{test: {mechanism: mnar_x, modality: text, bit: seen}}",
            "missing.test: text carries nothing of bit 'seen' to depend on",
        ),
        ("strength: {text: 0.4}", "corruption: {image: 0.3}", "leaves at most an accuracy of 0.85"),
        ("pitfall: strength", "pitfall: strenght", "pitfall: unknown field 'strenght': did you m"),
        ("pitfall: strength", "pitfall: corruption", "pitfall: corruption is not given"),
        ("pitfall: strength", "pitfall: bits", "pitfall: bits must always be given"),
        (
            "pitfall: strength",
            "pitfall: modalities",
            "modalities must always be given.*parity, str",
        ),
        (
            "{image: 0.2, text: 0.1}",
            "{mechanism: mar, modality: text}",
            "missing.pool.given is missing",
        ),
        ("name: quiet_text", "", "name is missing"),
        ("name: quiet_text", "name: a b", "name: string should match pattern"),
        # numbers that are none
        ("image: 0.2", "image: .nan", r"missing\.pool\.rates\.image: nan is not a finite number"),
        ("{text: 0.4}", "{text: .inf}", r"strength\.text: inf is not a finite number"),
        ("accuracy: 0.95", "accuracy: .nan", r"bits\.seen\.accuracy: nan is not a finite number"),
        ("pool: 400", "prior: [.nan, 1]", r"prior\.0: nan is not a finite number"),
        ("pool: 400", "prior: []", "prior: give 8 positive numbers that sum to 1"),
        ("pool: 400", "label_noise: .nan", "label_noise: nan is not a finite number"),
        (
            "pool: 400",
            "shortcut: {modality: text, bit: both, amplitude: .inf}",
            r"shortcut\.amplitude: inf is not a finite number",
        ),
        # what has no effect
        ("{text: 0.4}", "{text: 1}", "pitfall: strength as given has no effect"),
        ("{text: 0.4}", "{text: 2, image: 2}", "pitfall: strength as given has no effect"),
        (
            "{image: 0.2, text: 0.1}\n    pitfall: strength",
            "{image: 0.0}\n    pitfall: missing",
            "pitfall: missing as given has no effect",
        ),
        (
            "{image: 0.2, text: 0.1}",
            "{image+text: 0.5}",
            r"'image\+text' is complete: its rate is what the others leave, 1, not 0.5",
        ),
        (
            "strength: {text: 0.4}",
            "strength: {text: 0.4}\n    strength: {text: 0.5}",
            "strength: this key is there already",
        ),
        ("both: image+text", "'': image+text", "a bit can't be called ''"),
        ("image: 12", "image: 1000000000", "more than the 1e.09 that fit in memory"),
        ("pool: 400", "pool: 1000000000000", "more than the 1e.09 that fit in memory"),
        (
            "{image: 12, text: 8}",
            "{image: 12, text: 8, pool: 8}",
            "modalities.pool: pool, test, me",
        ),
        (
            "{image: 12, text: 8}",
            "{image: 12, text: 8, a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1}",
            "dimensions: 11 modalities have 2.11 subsets",
        ),
        (
            "joint: [image, text]",
            "joint: [image, text]\n    prior: [.3, .3, .01, .01, .18, .18, .01, .01]",
            "prior: bit seen is its more frequent value in 0",
        ),
    ],
)
def test_what_is_refused_and_why(write, old, new, told):
    assert old in TEN
    path = write(TEN.replace(old, new))
    with pytest.raises(MindgapError, match=told) as caught:
        build(path)
    assert str(caught.value).startswith(f"scenario file {path}:")
    assert "\n" not in str(caught.value)


def test_files_that_are_none(write, tmp_path):
    with pytest.raises(MindgapError, match="can't be read: No such file"):
        build(tmp_path / "gone.yaml")
    with pytest.raises(MindgapError, match="a scenario file is a mapping"):
        build(write("- a\n"))
    with pytest.raises(MindgapError, match=r"is not YAML|a constructor"):
        build(write("a: [\n"))
    with pytest.raises(MindgapError, match=r"is not YAML|a constructor"):
        build(write("a: !!python/object/apply:os.getcwd []\n"))


def test_files_that_never_end(write):
    with pytest.raises(MindgapError, match="an alias stands for something that contains it"):
        build(write("name: &a [*a]\n"))
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    with pytest.raises(MindgapError, match="with its aliases written out, it has more than"):
        build(write(laughs))


def test_twins_that_are_not_matched_say_so(write):
    """A shortcut that also helps in the test set tells a perfect learner more."""
    path = write(
        """
        name: helpful
        modalities: {a: 4, b: 4}
        bits: {A: {carriers: a, accuracy: 0.8}, B: {carriers: b, accuracy: 0.8}}
        shortcut: {modality: b, bit: A, pool: 0.95, test: 0.95}
        pitfall: shortcut
        """
    )
    scenario = build(path)
    card = scenario.card()
    here, there = (s.truth["bayes_accuracy"]["a+b"] for s in (scenario, scenario.control))
    assert here > there + 0.1
    assert f"is right in {here:.3f} of them, in the control in {there:.3f}" in card["why_unmatched"]
    assert build(write(TEN)).card()["why_unmatched"] is None


def test_the_example_is_the_one_in_the_description():
    example = own()
    assert example.text == "own"
    assert example.control.text == "own[control=true]"
    shown = (own.__doc__ or "").partition("name: quiet_text")[2].partition("A modality")[0]
    assert (
        textwrap.dedent("        name: quiet_text" + shown).strip() == EXAMPLE.read_text().strip()
    )


def test_a_file_counts_by_its_content(write):
    first, again = write(TEN, "first.yaml"), write(TEN, "again.yaml")
    other = write(TEN.replace("0.4", "0.5"), "other.yaml")
    one, two, three = (REGISTRY.configure("task", f"own[file={p}]") for p in (first, again, other))
    assert one.identity == two.identity
    assert one.identity != three.identity
    assert one.text != two.text
    control = REGISTRY.configure("task", f"own[file={first}, control=true]")
    assert control.identity != one.identity
    first.write_text(first.read_text().replace("pool: 400", "pool: 500"))
    assert REGISTRY.configure("task", f"own[file={first}]").identity != one.identity
