"""Truths are cached for the session, in a folder of their own."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINDGAP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
