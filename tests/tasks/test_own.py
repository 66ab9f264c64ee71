"""Scenarios from a file: what they mean, their control, and what is refused."""

import json
import re
import textwrap
from dataclasses import replace

import pytest
import torch

from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.tasks.description import Bit, Description, Shortcut
from mindgap.tasks.missingness import MAR, Exclusive, Missingness, MNARy
from mindgap.tasks.scenario import Scenario
from mindgap.tasks.scenarios.own import EXAMPLE, own
from mindgap.tasks.twins import difference

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
BARE = "".join(
    line for line in TEN.splitlines(True) if line.split(":")[0].strip() not in
    ("strength", "missing", "pitfall")
)  # fmt: skip


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


STRENGTH = "strength: {text: 0.4}"
GAPS = "{image: 0.2, text: 0.1}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "0.95",
            "0.99, strength: {image: .inf}",
            r"bits\.seen\.strength\.image: inf is not a finite",
        ),
        (STRENGTH, "strength: {text: 1.0e+300}", "a number from 1e-06 to 1e[+]06$"),
        (STRENGTH, "corruption: {text: .nan}", r"corruption\.text: nan is not a finite number"),
        (
            STRENGTH,
            "shortcut: {modality: text, bit: seen, test: .nan}",
            r"shortcut\.test: nan is not",
        ),
        (STRENGTH, "prior: [0.5, 0.5]", "prior: give 8 positive numbers that sum to 1"),
        (STRENGTH, "parity: {text: 1000000000}", "parity: text=1000000000 .* p >= 1, at most 16"),
        (GAPS, "{mechanism: mar, modality: text, given: image, slope: 1.0e+9}", "is too steep"),
        ("text: 8", "text: 8, pool: 3", "a modality can't be called 'pool', which means something"),
        ("text: 8", "text: 8, none: 3", "a modality can't be called 'none'"),
        ("seen:", '"":', "bits: a bit can't be called ''; give it a name"),
        ("text: 8", "text: 1000000000", "pool: 400 samples of 1,000,000,012 numbers are more than"),
        (
            "pool: 400",
            "pool: 1000000000000",
            "pool: 1,000,000,000,000 samples of 20 numbers",
        ),
        (
            "pool: 400",
            "test: 20000000",
            "test: 20,000,000 samples .* at most 10,000,000",
        ),
        (
            "text: 8",
            "text: 8, " + ", ".join(f"m{i}: 2" for i in range(9)),
            "11 modalities and 3 bits are 14, but at most 13 are possible: the truth is known for",
        ),
        (
            "text: 8}",
            "text: 8, a: 1, b: 1, c: 1, d: 1}\n    corruption: {a: 0.1, b: 0.1, c: 0.1}",
            "6 modalities, 3 of them corrupted, which count three times, and 3 bits are 15",
        ),
    ],
)
def test_numbers_names_and_sizes_that_can_not_be(write, old, new, told):
    test_what_is_refused_and_why(write, old, new, told)


def test_what_is_shared_with_study_files_is_refused_with_its_line(write):
    for old, new, told in (
        ("seen:", "both:", ":6: bits.both: this key is there already .*:5.; keep one of them$"),
        ("seen:", "3:", ":6: 3: a key must be text; put it into quotes$"),
        ("{text: 0.4}", "&a {text: *a}", ":8: an alias stands for something that contains it$"),
    ):
        path = write(TEN.replace(old, new))
        with pytest.raises(MindgapError, match=f"^scenario file {path}{told}"):
            build(path)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("missing", "missing: {image: 0.0}"),
        ("missing", "missing: {image+text+dead: 1.0}"),
        ("parity", "parity: {text: 1}"),
        ("corruption", "corruption: {text: 0.0}"),
        ("corruption", "corruption: {dead: 0.5}"),
        ("parity", "parity: {dead: 2}"),
        ("strength", "strength: {dead: 0.5}"),
        ("strength", "strength: {text: 1.0}"),
        ("strength", "strength: {text: 2, image: 2}"),
        ("prior", f"prior: {[0.125] * 8}"),
    ],
)
def test_a_pitfall_without_effect_is_refused(write, field, change):
    text = BARE.replace("text: 8", "text: 8, dead: 3")
    with pytest.raises(
        MindgapError, match=f": pitfall: {field} as given has no effect .* would be the same"
    ):
        build(write(text + f"    {change}\n    pitfall: {field}\n"))


def test_twins_that_a_perfect_learner_tells_apart_must_say_why(write):
    cue = "    shortcut: {modality: text, bit: seen, test: 0.9}\n    pitfall: shortcut\n"
    refused = r"is right in 0\.92\d\d of the samples, in 0\.9031 of the control's.* why_unmatched"
    with pytest.raises(MindgapError, match=refused):
        build(write(BARE + cue))
    told = "    why_unmatched: the cue can be trusted\n"
    assert build(write(BARE + cue + told)).why_unmatched == "the cue can be trusted"
    assert build(write(BARE + cue.replace("0.9", "0.5"))).why_unmatched is None
    with pytest.raises(MindgapError, match="why_unmatched: it names no pitfall"):
        build(write(BARE + told))
    in_python = own().with_pitfall("a cue", shortcut=Shortcut("text", "seen", test=0.9))
    assert re.search(refused, in_python.unavailable() or "")
    assert replace(in_python, why_unmatched="the cue can be trusted").unavailable() is None


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
