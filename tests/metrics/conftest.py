"""Measurements by metric and subject."""

import pytest


def _by_name(found):
    named = {(m.metric, m.subject): m.value for m in found}
    assert len(named) == len(found), "a measurement is given twice"
    assert all(isinstance(value, float) for value in named.values())
    return named


@pytest.fixture(scope="session")
def by_name():
    return _by_name
