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


def reached(stored, modalities, apart):
    """Accuracy in percent of a linear model on these modalities, over five folds.

    What is missing is filled with the mean of the rest.
    """
    columns = []
    for name in modalities:
        x = stored[name].reshape(len(stored[name]), -1).copy()
        if "observed" in stored:
            there = stored["observed"][:, list(stored["order"]).index(name)]
            x[~there] = x[there].mean(axis=0)
        columns.append(x)
    x = np.hstack(columns)
    model = LogisticRegression(C=x.shape[1] ** -0.5, max_iter=5000)
    folds = StratifiedGroupKFold if apart else StratifiedKFold
    scores = cross_val_score(
        make_pipeline(StandardScaler(), model),
        x,
        stored["labels"],
        groups=stored["groups"] if apart else None,
        cv=folds(5, shuffle=True, random_state=0),
    )
    return 100 * scores.mean()


def within(source, expected, tolerance=4):
    """Check a set's accuracies, and that its split is as its card says.

    `expected` has for each subset of modalities (`"image+text"`) the accuracy over random folds
    and, where there are groups, the one over folds that keep them apart.
    """
    stored = prepared(source) | {"order": np.array(list(source.shape.modalities))}
    for subset, accuracies in expected.items():
        for apart, accuracy in enumerate(accuracies):
            found = reached(stored, subset.split("+"), apart)
            assert abs(found - accuracy) < tolerance, (subset, bool(apart), found, accuracy)
    task, card = source.make(0), source.card()
    assert (len(task.pool), len(task.test)) == (card["pool"], card["test"])
    assert task.shape == source.shape
    if source.facts.grouped:
        sides = [set(stored["groups"][data.ids.astype(int)]) for data in (task.pool, task.test)]
        assert not sides[0] & sides[1]
