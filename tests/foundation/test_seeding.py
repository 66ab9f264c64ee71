"""Streams keyed by names."""

import numpy as np

from mindgap.seeding import stream


def test_same_key_same_numbers_whatever_ran_in_between():
    first = stream("init", "family", 3).random(5)
    stream("init", "family", 4).random(1000)
    np.random.default_rng().random(3)
    assert np.array_equal(stream("init", "family", 3).random(5), first)


def test_keys_do_not_run_together():
    keys = [
        ("a", "b"),
        ("ab",),
        ("a", "b", 0),
        ("a", "b", "0"),
        ("a,b",),
        ('a","b',),
        (1, 11),
        (11, 1),
    ]
    drawn = {tuple(stream(*key).random(4)) for key in keys}
    assert len(drawn) == len(keys)


def test_numbers_stay_the_same_over_versions():
    # A stored study can be continued only if this never changes.
    assert stream("data", 0).integers(1000, size=4).tolist() == [482, 958, 165, 752]
