"""What a real set must reach: shared by the slow tests, which skip without a package index."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mindgap.errors import MindgapError


def prepared(source):
    """The arrays of a data set; the test is skipped where its packages can't be fetched."""
    try:
        source.prepare()
    except MindgapError as error:
        if "can't be fetched" not in str(error) and "no apt-get" not in str(error):
            raise
        pytest.skip(str(error))
    return source._stored()


def reached(stored, modalities):
    """Accuracy in percent of a linear model on these modalities, over folds apart by group.

    What is missing is filled with the mean of the rest.
    """
    columns = []
    for name in modalities:
        x = stored[name].reshape(len(stored[name]), -1).copy()
        if "observed" in stored:
            there = stored["observed"][:, list(stored["order"]).index(name)]
            x[~there] = x[there].mean(axis=0)
        columns.append(x)
    x, labels = np.hstack(columns), stored["labels"]
    model = LogisticRegression(C=x.shape[1] ** -0.5, max_iter=5000)
    by = StratifiedGroupKFold if "groups" in stored else StratifiedKFold
    scores = cross_val_score(
        make_pipeline(StandardScaler(), model),
        x,
        labels,
        groups=stored.get("groups"),
        cv=by(5, shuffle=True, random_state=0),
    )
    return 100 * scores.mean()


def within(source, expected, tolerance=4):
    """Check a set's accuracies, `{"image+text": 88.0}`, and that its split is as its card says."""
    stored = prepared(source) | {"order": np.array(list(source.shape.modalities))}
    for subset, accuracy in expected.items():
        found = reached(stored, subset.split("+"))
        assert abs(found - accuracy) < tolerance, (subset, found, accuracy)
    task, card = source.make(0), source.card()
    assert (len(task.pool), len(task.test)) == (card["pool"], card["test"])
    assert task.shape == source.shape
    if source.facts.grouped:
        sides = [set(stored["groups"][data.ids.astype(int)]) for data in (task.pool, task.test)]
        assert not sides[0] & sides[1]
