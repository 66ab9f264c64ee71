"""Descriptions in words: every field says what it is, and a default that it is nothing."""

from dataclasses import fields

from mindgap.registry import Registry
from mindgap.tasks.description import Bit, Description, Shortcut
from mindgap.tasks.missingness import MAR, Exclusive, Missingness, MNARx, MNARy
from mindgap.tasks.words import in_words, of_field

BITS = (
    Bit("R", (("a", "b"),), 0.9, {"b": 0.5}),
    Bit("U", (("c",),), 0.9),
    Bit("S", (("a", "b"), ("c",)), 0.8),
)
SIZES = {"a": 8, "b": (32, 1), "c": (3, 8, 16)}


def test_every_field_has_its_words():
    full = Description(
        SIZES,
        BITS,
        parity={"a": 2, "c": {"S": 3}},
        strength={"b": 0.25},
        corruption={"c": 0.05},
        shortcut=Shortcut("b", "U", pool=0.8),
        prior=(0.3, *[0.1] * 7),
        label_noise=0.125,
        missing=Missingness(MNARx("a", 0.5, 2.0), Exclusive({"a+b": 0.25})),
    )
    said = in_words(full)
    assert list(said) == [field.name for field in fields(Description)]
    assert said["dimensions"] == [
        "a is a vector of 8 numbers",
        "b is a sequence of 32 steps, 1 channel",
        "c is an image of 8 x 16 pixels, 3 channels",
    ]
    assert said["bits"] == [
        "8 classes from 3 label bits",
        "R is told by a and b alike (b with strength 0.5) (at best 0.9 right)",
        "U is told by c alone (at best 0.9 right)",
        "S is the XOR of a value in a+b and a value in c (at best 0.8 right)",
    ]
    assert said["parity"] == [
        "in a, a value is the XOR of 2 axes",
        "in c, bit S is the XOR of 3 axes",
    ]
    assert said["corruption"] == ["c is noise alone in 5% of the samples, unflagged"]
    assert "agrees with bit U in 80% of the pool, in 50%" in said["shortcut"][0]
    assert said["prior"][0].startswith("class probabilities 0.300, 0.100")
    assert said["label_noise"] == ["12.5% of the pool's labels are another class"]
    assert said["missing"] == [
        "in the pool 50% are complete and 50% have only b+c, a missing more often the higher it "
        "would lie on an axis (MNAR, slope 2)",
        "in the test set 75% are complete and 25% have only a+b, completely at random (MCAR)",
    ]


def test_a_default_says_that_there_is_nothing():
    bare = Description(SIZES, BITS)
    assert list(in_words(bare)) == ["dimensions", "bits"]
    assert of_field(bare, "missing") == ["nothing is missing"]
    assert all(of_field(bare, field.name) for field in fields(Description))


def test_what_gaps_depend_on():
    def said(mechanism):
        (told,) = of_field(Description(SIZES, BITS, missing=Missingness.same(mechanism)), "missing")
        return told

    mar = said(MAR("c", "a", 0.4, 3.0, "R"))
    assert mar.endswith("c missing more often the higher a lies on an axis of bit R (MAR, slope 3)")
    assert "missing by class in 20%, 20%" in said(MNARy("c", (0.2,) * 8))


def test_the_card_says_the_one_difference_here_and_there():
    card = Registry().configure("task", "int_red_syn").build().card()
    assert card["difference"] == {
        "field": "bits",
        "here": ["S2 is the XOR of a value in x1 and a value in x2 (at best 0.975 right)"],
        "control": ["R2 is told by x1 and x2 alike (at best 0.975 right)"],
    }
    assert card["differs_in"] == ["bits"]
    alone = Registry().configure("task", "int_redundant").build().card()
    assert alone["difference"] is None
    assert alone["words"]["bits"][0] == "4 classes from 2 label bits"
