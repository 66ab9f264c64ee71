"""Missingness on any data: rates, never nothing, nothing unseen read, and what is refused."""

from dataclasses import replace
from math import inf, nan, sqrt

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, chi2_contingency

from mindgap.errors import InvalidData, MindgapError
from mindgap.seeding import stream
from mindgap.tasks import MultimodalData
from mindgap.tasks.missingness import (
    MAR,
    Exclusive,
    Independent,
    Missingness,
    MNARx,
    MNARy,
    ampute,
    named,
)
from mindgap.tasks.missingness.named import NAMES as NAMED

NAMES = ("image", "text", "sound")
RATES = (0.1, 0.3, 0.8)
FOUR = np.full(4, 0.25)


def make(n=20_000, seed=0, gaps=False, names=NAMES):
    """Data whose features are correlated, on scales of their own, and tell of the class."""
    rng = stream("missingness test", seed)
    labels = rng.integers(4, size=n)
    modalities = {}
    for m, name in enumerate(names):
        x = rng.standard_normal((n, 2, 3)) + labels[:, None, None] * (m + 1) / 3
        modalities[name] = torch.from_numpy(x * 10.0**m + 5).float()
    observed = torch.ones(n, len(names), dtype=torch.bool)
    if gaps:
        observed[:, 1:] = torch.from_numpy(rng.random((n, len(names) - 1)) < 0.8)
    return MultimodalData(
        modalities, observed, torch.from_numpy(labels), tuple("abcd"), np.arange(n).astype(str)
    )


MECHANISMS = {
    "patterns": Exclusive({"image": 0.1, "text+sound": 0.25}),
    "mcar": Independent({"image": 0.5, "text": 0.6, "sound": 0.3}),
    "mar": MAR("sound", "image", 0.3, 2.0),
    "mnar_x": MNARx("text", 0.7, -4.0),
    "mnar_y": MNARy("image", (0.1, 0.9, 0.2, 0.4)),
}
EXPECTED = {
    "patterns": {"image": 0.25, "text": 0.1, "sound": 0.1},
    "mcar": {"image": 0.5, "text": 0.6, "sound": 0.3},
    "mar": {"image": 0.0, "text": 0.0, "sound": 0.3},
    "mnar_x": {"image": 0.0, "text": 0.7, "sound": 0.0},
    "mnar_y": {"image": 0.4, "text": 0.0, "sound": 0.0},
}


@pytest.mark.parametrize("kind", MECHANISMS)
@pytest.mark.parametrize("seed", [0, 1])
def test_rates_are_hit_and_no_sample_is_left_without_anything(kind, seed):
    data = make(seed=seed)
    found = ampute(data, MECHANISMS[kind], "mask", "test", seed).validate()
    for m, name in enumerate(NAMES):
        rate = EXPECTED[kind][name]
        missing = float((~found.observed[:, m]).double().mean())
        # the score's mean rate is met on these very samples, so only their drawing varies
        assert abs(missing - rate) <= 3 * sqrt(rate * (1 - rate) / len(data)) + 0.004 * (
            kind == "mnar_y"
        ), name


@pytest.mark.parametrize("kind", MECHANISMS)
def test_expected_shares_are_those_drawn(kind):
    data = make()
    found = ampute(data, MECHANISMS[kind], "mask", 5).observed.numpy()
    prior = np.bincount(data.labels.numpy(), minlength=4) / len(data)
    shares = MECHANISMS[kind].shares(NAMES, prior)
    assert next(iter(shares)) == "+".join(NAMES)
    assert sum(shares.values()) == pytest.approx(1)
    for pattern, share in shares.items():
        inside = np.array([name in pattern.split("+") for name in NAMES])
        count = int((found == inside).all(axis=1).sum())
        assert binomtest(count, len(data), share).pvalue > 1e-3, pattern


@pytest.mark.parametrize("kind", MECHANISMS)
def test_what_is_missing_is_nan_and_what_is_there_is_untouched(kind):
    data = make(n=500)
    found = ampute(data, MECHANISMS[kind], "mask")
    assert found.labels is data.labels
    assert not data.modalities["image"].isnan().any()
    for m, (name, x) in enumerate(found.modalities.items()):
        seen = found.observed[:, m]
        assert torch.equal(x[seen], data.modalities[name][seen])
        assert x[~seen].isnan().all()


@pytest.mark.parametrize("kind", MECHANISMS)
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_the_value_of_a_missing_modality_is_never_read(kind, value):
    data = make(n=2000, gaps=True)
    filled = {
        name: torch.where(data.observed[:, m, None, None], x, value)
        for m, (name, x) in enumerate(data.modalities.items())
    }
    first, second = (
        ampute(d, MECHANISMS[kind], "mask", reference=d).observed
        for d in (data, replace(data, modalities=filled))
    )
    assert torch.equal(first, second)
    assert first.any(dim=1).all()
    assert not (first & ~data.observed).any(), "what is missing stays so"


@pytest.mark.parametrize("kind", MECHANISMS)
def test_a_mask_depends_on_its_key_and_nothing_else(kind):
    data = make(n=2000)
    masks = [ampute(data, MECHANISMS[kind], "mask", s).observed for s in ("pool", "pool", "test")]
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])


def principal(x):
    """Scores on the first principal component, another way: the eigenvector of the covariance."""
    x = x.flatten(1).double().numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    _, vectors = np.linalg.eigh(np.cov(x.T))
    score = x @ vectors[:, -1]
    return score / score.std() * np.sign(vectors[:, -1].sum())


@pytest.mark.parametrize(
    ("mechanism", "decides", "lacks"),
    [(MAR("sound", "image", 0.3, 2.0), "image", 2), (MNARx("text", 0.3, 2.0), "text", 1)],
)
def test_the_first_principal_component_decides(mechanism, decides, lacks):
    data = make()
    missing = ~ampute(data, mechanism, "mask").observed[:, lacks].numpy()
    score = principal(data.modalities[decides])
    if np.corrcoef(score, missing)[0, 1] < 0:
        score = -score
    alpha = np.linspace(-8, 8, 4001)
    means = np.array([(1 / (1 + np.exp(-a - 2 * score))).mean() for a in alpha[::100]])
    best = np.interp(0.3, means, alpha[::100])
    expected = 1 / (1 + np.exp(-best - 2 * score))
    for low, high in ((-9, -1), (-1, 0), (0, 1), (1, 9)):
        rows = (score >= low) & (score < high)
        error = sqrt(expected[rows].mean() / rows.sum())
        assert missing[rows].mean() == pytest.approx(expected[rows].mean(), abs=4 * error)


def test_the_pool_settles_what_a_score_means():
    """Test samples of which some features are turned round still lie along the pool's component,
    and hit their own rate."""
    pool, test = make(n=4000), make(n=4000, seed=1)
    turned = test.modalities["text"].clone()
    turned[:, 0] *= -1
    test = replace(test, modalities={**test.modalities, "text": turned})
    features = pool.modalities["text"].flatten(1).double()
    _, vectors = np.linalg.eigh(np.corrcoef(features.numpy().T))
    scaled = (turned.flatten(1).double() - features.mean(dim=0)) / features.std(dim=0)
    along_pool = scaled.numpy() @ vectors[:, -1]
    correlations = []
    for reference in (pool, None):
        found = ampute(test, MNARx("text", 0.3, 50.0), "m", reference=reference)
        kept = found.observed[:, 1].numpy()
        assert kept.mean() == pytest.approx(0.7, abs=3 * sqrt(0.21 / 4000))
        correlations.append(abs(np.corrcoef(along_pool, kept)[0, 1]))
    assert correlations[0] > 0.7 > 0.3 > correlations[1], correlations


def test_a_rate_is_that_of_the_samples_that_have_the_modality():
    data = make(gaps=True)
    had = data.observed[:, 1]
    kept = ampute(data, MNARx("text", 0.7, -4.0), "mask").observed[had, 1].double()
    assert float(kept.mean()) == pytest.approx(0.3, abs=3 * sqrt(0.21 / int(had.sum())))


def test_mnar_y_depends_on_the_class_and_mcar_on_nothing():
    data = make()
    for kind, depends in (("mnar_y", True), ("mcar", False), ("patterns", False)):
        missing = ~ampute(data, MECHANISMS[kind], "mask", 3).observed[:, 0].numpy()
        table = [np.bincount(data.labels.numpy()[missing == side]) for side in (False, True)]
        p = chi2_contingency(table).pvalue
        assert p < 1e-9 if depends else p > 1e-3, kind


def test_independent_gaps_are_independent_but_for_the_rejected_samples():
    rates = {"image": 0.5, "text": 0.6, "sound": 0.3}
    shares = Independent(rates).shares(NAMES, FOUR)
    rng = np.random.default_rng(0)
    none = 0.5  # found by iterating rate = (pi - c) / (1 - c), c = prod pi
    for _ in range(500):
        none = np.prod([rate * (1 - none) + none for rate in rates.values()])
    pi = np.array([rate * (1 - none) + none for rate in rates.values()])
    mask = rng.random((400_000, 3)) >= pi
    mask = mask[mask.any(axis=1)]
    for pattern, share in shares.items():
        inside = np.array([name in pattern.split("+") for name in NAMES])
        assert (mask == inside).all(axis=1).mean() == pytest.approx(share, abs=0.004)


@pytest.mark.parametrize("name", ["patterns", "mcar", "mar", "mnar_x", "mnar_y"])
@pytest.mark.parametrize("rate", [0.1, 0.4])
def test_every_mechanism_by_name(name, rate):
    data = make(names=NAMES[:2])
    prior = np.bincount(data.labels.numpy(), minlength=4) / len(data)
    mechanism = named(name, data.names, rate, prior)
    assert mechanism.kind == name
    found = ampute(data, mechanism, "mask", 1).observed
    missing = (~found).double().mean(dim=0).numpy()
    expected = {
        "patterns": [rate / 2] * 2,
        "mcar": [rate] * 2,
    }.get(name, [0, rate])
    np.testing.assert_allclose(missing, expected, atol=3 * 0.5 / sqrt(len(data)))


def test_names_that_there_are_not():
    with pytest.raises(
        MindgapError, match="unknown missingness 'mnar': did you mean 'mar' or 'mnar_"
    ):
        named("mnar", NAMES, 0.3, FOUR)
    with pytest.raises(MindgapError, match=r"missing=mar: rate 1.5 is not in \(0, 1\)"):
        named("mar", NAMES, 1.5, FOUR)
    with pytest.raises(MindgapError, match=r"missing=mnar_y: rate 0.0 is not in \(0, 1\)"):
        named("mnar_y", NAMES, 0.0, FOUR)
    with pytest.raises(MindgapError, match="missing=mnar_y: slope inf is not a finite number"):
        named("mnar_y", NAMES, 0.3, FOUR, inf)
    for name in NAMED:
        with pytest.raises(MindgapError, match=f"^missing={name}: .*nan"):
            named(name, NAMES, nan, FOUR)
    with pytest.raises(MindgapError, match=r"sum to 1\.2, but one of 2 modalities always stays"):
        named("mcar", NAMES[:2], 0.6, FOUR)


@pytest.mark.parametrize(
    ("mechanism", "told"),
    [
        (Exclusive({"video": 0.1}), "'video' is no pattern of image, text, sound"),
        (Exclusive({"text+image": 0.1}), "'text+image' is no pattern"),
        (Exclusive({"text": 0.7, "image": 0.4}), "the rates sum to 1.100, above 1"),
        (Exclusive({"text": nan}), r"'text' has the rate nan, which is not in \[0, 1\]"),
        (
            Exclusive({"image+text+sound": 0.5}),
            "is complete: its rate is what the others leave, 1, not 0.5",
        ),
        (Independent({"text": nan}), r"text=nan is not in \[0, 1\)"),
        (MAR("sound", "text", nan), r"rate nan is not in \(0, 1\)"),
        (MNARx("text", nan), r"rate nan is not in \(0, 1\)"),
        (MNARx("text", 0.5, nan), "slope nan is not a finite number"),
        (MNARx("text", 0.5, -1e9), "slope -1000000000.0 is too steep"),
        (MNARy("text", (0.1, nan, 0.3, 0.5)), r"rates: nan is not in \[0, 1\]"),
        (Independent({"video": 0.1}), "there is no modality 'video'"),
        (Independent({"text": 1.0}), r"text=1.0 is not in \[0, 1\)"),
        (MAR("sound", "sound"), "given: 'sound' is not another modality"),
        (MAR("sound", "video"), "given: 'video' is not another modality"),
        (MNARx("video"), "there is no modality 'video'"),
        (MNARx("text", 1.0), r"rate 1.0 is not in \(0, 1\)"),
        (MNARx("text", 0.5, float("inf")), "slope inf is not a finite number"),
        (MNARx("text", bit="U1"), "these data have no axis of bit 'U1'"),
        (MNARy("text", (0.1, 0.2)), "rates: give 4, one a class, not 2"),
        (MNARy("text", (0.1, 0.2, 0.3, 1.2)), r"rates: 1.2 is not in \[0, 1\]"),
        (MNARy("text", (0.0,) * 4), "text would be missing always or never"),
    ],
)
def test_what_does_not_fit_is_refused(mechanism, told):
    with pytest.raises(InvalidData, match=told.replace("+", r"\+")):
        ampute(make(n=20), mechanism, "mask")


def test_data_that_do_not_fit_are_refused():
    data = make(n=20, gaps=True)
    with pytest.raises(InvalidData, match=r"sample '\d+' lacks text, but what decides must always"):
        ampute(data, MAR("image", "text"), "mask")
    with pytest.raises(InvalidData, match=r"sample '\d+' would be left without any modality"):
        ampute(data, Exclusive({"text": 1.0}), "mask")
    unlabelled = replace(data, labels=torch.full((20,), -1))
    with pytest.raises(InvalidData, match="sample '0' has no label, but the mechanism depends on"):
        ampute(unlabelled, MECHANISMS["mnar_y"], "mask")
    ampute(unlabelled, MECHANISMS["mar"], "mask")
    flat = replace(data, modalities={**data.modalities, "image": torch.ones(20, 2, 3)})
    with pytest.raises(InvalidData, match="modality 'image' has the same value everywhere"):
        ampute(flat, MECHANISMS["mar"], "mask")
    only = make(n=20, names=("image",))
    with pytest.raises(InvalidData, match="image is the only modality, so it can't be missing"):
        ampute(only, MNARx("image"), "mask")


def test_rates_by_pattern_stand_for_the_mechanism():
    short, long = Missingness({"x1": 0.2}), Missingness(Exclusive({"x1": 0.2}))
    assert short == long
    assert short.of("pool") == Exclusive({"x1": 0.2})
    assert short.of("test") == Exclusive()
    assert Missingness.same({"x1": 0.2}) == Missingness({"x1": 0.2}, {"x1": 0.2})
