"""BROJA atoms: textbook cases, laws they obey, and other ways to compute them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import xlogy

from mindgap.errors import InvalidData
from mindgap.tasks import broja
from mindgap.tasks.broja import least_information
from mindgap.tasks.pid import Atoms, join, mutual_information, pid, union_information


def joint_of(function):
    """P(y, x1, x2) of y, x1, x2 = function(bit, bit, bit) of fair bits, as small integers."""
    rows = [function(*bits) for bits in product((0, 1), repeat=3)]
    joint = np.zeros(np.max(rows, axis=0) + 1)
    for row in rows:
        joint[row] += 1 / len(rows)
    return joint


TEXTBOOK = {
    "xor": (joint_of(lambda a, b, _: (a ^ b, a, b)), (0, 0, 0, 1)),
    "and": (joint_of(lambda a, b, _: (a & b, a, b)), (0.311278, 0, 0, 0.5)),
    "sum": (joint_of(lambda a, b, _: (a + b, a, b)), (0.5, 0, 0, 1)),
    "copy": (joint_of(lambda a, b, _: (2 * a + b, a, b)), (0, 1, 1, 0)),
    "redundant": (joint_of(lambda a, b, _: (a, a, a)), (1, 0, 0, 0)),
    "unique": (joint_of(lambda a, b, _: (a, a, b)), (0, 1, 0, 0)),
    "pwunq": (joint_of(lambda y, u, _: (y, u * (1 + y), (1 - u) * (1 + y))), (0.5, 0, 0, 0.5)),
    "rdnxor": (joint_of(lambda a, b, r: (2 * r + (a ^ b), 2 * r + a, 2 * r + b)), (1, 0, 0, 1)),
    "rdnunqxor": (
        joint_of(lambda a, b, r: (4 * r + 2 * a + (a ^ b), 2 * r + a, 2 * r + b)),
        (1, 1, 1, 0),
    ),
}


def random_joint(seed, *, values=None, sparse=True):
    rng = np.random.default_rng(seed)
    shape = [values or rng.integers(1, 6), *rng.integers(1, 6, size=2)]
    joint = rng.dirichlet(np.full(np.prod(shape), rng.choice([0.05, 0.3, 1, 5]))).reshape(shape)
    if sparse and seed % 3 == 0:
        joint = np.where(rng.random(shape) < 0.5, 0, joint)
        joint[0, 0, 0] += 0.1
    return joint / joint.sum()


def margins(joint):
    return joint.sum(axis=2), joint.sum(axis=1)


@pytest.mark.parametrize("case", TEXTBOOK)
def test_textbook(case):
    joint, expected = TEXTBOOK[case]
    assert pid(joint) == pytest.approx(expected, abs=1e-6)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_atoms_add_up_to_the_informations(seed):
    joint = random_joint(seed)
    found = pid(joint)
    one, two = (mutual_information(margin) for margin in margins(joint))
    assert min(found) >= 0
    assert found.redundant + found.unique_1 == pytest.approx(one, abs=1e-7)
    assert found.redundant + found.unique_2 == pytest.approx(two, abs=1e-7)
    both = mutual_information(joint.reshape(len(joint), -1))
    assert sum(found) == pytest.approx(both, abs=1e-7)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_sources_may_be_swapped(seed):
    joint = random_joint(seed)
    r, u1, u2, s = pid(joint)
    assert pid(joint.transpose(0, 2, 1)) == pytest.approx((r, u2, u1, s), abs=1e-7)


@pytest.mark.parametrize("seed", range(8))
def test_atoms_of_independent_subsystems_add_up(seed):
    """Two of two values, by the hull, against their product of four, by the solver."""
    a, b = random_joint(seed, values=2), random_joint(seed + 100, values=2 + seed % 2)
    together = np.einsum("yij,zkl->yzikjl", a, b)
    shape = [p * q for p, q in zip(a.shape, b.shape, strict=True)]
    expected = np.add(pid(a), pid(b))
    assert pid(together.reshape(shape)) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("seed", range(10))
def test_a_garbling_has_nothing_unique(seed):
    rng = np.random.default_rng(seed)
    better = random_joint(seed).sum(axis=2)
    garbling = rng.dirichlet(np.full(3, 0.4), size=better.shape[1])
    joint = better[:, :, None] * garbling[None]
    shuffled = np.zeros_like(joint)  # the same margins, drawn independently given y
    for y in np.flatnonzero(better.sum(axis=1)):
        shuffled[y] = np.outer(joint[y].sum(axis=1), joint[y].sum(axis=0)) / better[y].sum()
    for case in (joint, shuffled):
        assert pid(case).unique_2 == pytest.approx(0, abs=1e-7)
        assert pid(case).redundant == pytest.approx(mutual_information(case.sum(axis=1)), abs=1e-7)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_solver_agrees_with_the_hull_on_two_values(seed):
    joint = random_joint(seed, values=2)
    joint = joint[joint.sum(axis=(1, 2)) > 0]
    first, second = (t[:, t.sum(axis=0) > 1e-15] for t in margins(joint))
    if len(joint) < 2 or min(first[first > 0].min(), second[second > 0].min()) < 1e-15:
        return
    found, gap = least_information(first, second)
    assert 0 <= gap < 1e-8
    assert found == pytest.approx(mutual_information(join(first, second)), abs=3e-8)


@pytest.mark.parametrize("seed", range(6))
def test_the_join_can_be_garbled_into_either_source(seed):
    """Its ROC curve lies on or above theirs at every false-alarm rate."""
    first, second = margins(random_joint(seed, values=2, sparse=False))
    curve = np.cumsum(join(first, second) / first.sum(axis=1)[:, None], axis=1)
    for table in (first, second):
        likelihood = table / table.sum(axis=1, keepdims=True)
        own = np.cumsum(likelihood[:, np.argsort(-likelihood[1] / likelihood[0])], axis=1)
        heights = np.interp(own[0], [0, *curve[0]], [0, *curve[1]])
        assert (heights >= own[1] - 1e-12).all()


@pytest.mark.parametrize("seed", range(10))
def test_no_distribution_with_the_margins_tells_less(seed):
    """The margins' own P, and random mixtures of it with the product, are all above the minimum."""
    joint = random_joint(seed, sparse=False)
    joint = joint[joint.sum(axis=(1, 2)) > 0]
    first, second = margins(joint)
    found, _ = union_information(first, second)
    independent = first[:, :, None] * second[:, None, :] / first.sum(axis=1)[:, None, None]
    for weight in np.linspace(0, 1, 11):
        q = weight * joint + (1 - weight) * independent
        assert mutual_information(q.reshape(len(q), -1)) >= found - 1e-8


@pytest.mark.parametrize("seed", range(10))
def test_any_multipliers_bound_the_minimum_from_below(seed):
    joint = random_joint(seed, values=3, sparse=False)
    first, second = margins(joint)
    prior = first.sum(axis=1)
    minimum = union_information(first, second)[0] * np.log(2) + xlogy(prior, prior).sum()
    rng = np.random.default_rng(seed)
    for scale in (0.01, 1, 5):
        a, b = rng.normal(size=first.shape) * scale, rng.normal(size=second.shape) * scale
        assert broja._lower_bound(first, second, a, b) <= minimum + 1e-8


def mirror_descent(joint, steps=1500, sweeps=20):
    """The scheme of unit mirror steps, projected onto the margins by proportional fitting."""
    first, second = margins(joint)
    q = first[:, :, None] * second[:, None, :] / first.sum(axis=1)[:, None, None]
    for _ in range(steps):
        q = np.broadcast_to(q.sum(axis=0), q.shape)
        for _ in range(sweeps):
            q = q * (first / q.sum(axis=2))[:, :, None]
            q = q * (second / q.sum(axis=1))[:, None, :]
    return mutual_information(q.reshape(len(q), -1))


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_solver_agrees_with_mirror_descent(seed):
    rng = np.random.default_rng(seed)
    joint = rng.dirichlet(np.ones(27)).reshape(3, 3, 3)
    found, _ = union_information(*margins(joint))
    assert found == pytest.approx(mirror_descent(joint), abs=2e-4)


@pytest.mark.parametrize("tiny", [1e-16, 1e-200, 5e-324])
@pytest.mark.parametrize("values", [2, 3])
def test_probabilities_too_small_to_matter(values, tiny):
    joint = np.random.default_rng(values).dirichlet(np.ones(9 * values)).reshape(values, 3, 3)
    larger = np.full((values + 1, 4, 4), tiny)
    larger[:values, :3, :3] = joint
    larger[:values, 3, :] = larger[:values, :, 3] = 0
    assert pid(larger) == pytest.approx(pid(joint), abs=1e-7)


def test_what_has_no_answer_is_refused():
    joint = TEXTBOOK["and"][0]
    with pytest.raises(InvalidData, match="sum to 1"):
        pid(joint * 2)
    with pytest.raises(InvalidData, match=r"minimum -1\.0"):
        pid(np.stack([joint[0] - 1, joint[1] + 1]))
    with pytest.raises(InvalidData, match="disagree"):
        union_information(joint.sum(axis=2), np.full((2, 2), 0.25))


def test_a_gap_that_stays_open_is_an_error(monkeypatch):
    monkeypatch.setattr(broja, "STEPS", 3)
    first, second = margins(random_joint(1, values=3, sparse=False))
    with pytest.raises(RuntimeError, match="gap"):
        least_information(first, second)


def by_cone_program(joint):
    """Unique informations by dit and ECOS (Makkeh et al. 2018); dit's own default, SLSQP, often
    stops short of the minimum, which shows in its negative redundancies."""
    dit = pytest.importorskip("dit")
    pytest.importorskip("ecos")
    method = pytest.importorskip("dit.algorithms.broja_method")
    outcomes = [tuple(map(int, outcome)) for outcome in np.argwhere(joint > 0)]
    distribution = dit.Distribution(
        ["".join(map(str, (x1, x2, y))) for y, x1, x2 in outcomes],
        [joint[outcome] for outcome in outcomes],
    )
    unique, how = method.broja_solve_bivariate(distribution, ((0,), (1,)), (2,), method="cone")
    assert how["method"] == "cone"
    return [unique[0,], unique[1,]]


def test_a_q_without_the_margins_is_no_answer(monkeypatch):
    """It may tell less than any that has them."""
    right = broja._newton

    def drifting(first, second, q, slack, residual):
        da, db, dq = right(first, second, q, slack, residual)
        return da, db, dq + 1e-6 * q

    monkeypatch.setattr(broja, "_newton", drifting)
    with pytest.raises(RuntimeError, match="gap"):
        least_information(*margins(random_joint(1, values=3, sparse=False)))


@pytest.mark.slow
@pytest.mark.parametrize("case", TEXTBOOK)
def test_textbook_agrees_with_dit(case):
    joint, expected = TEXTBOOK[case]
    assert by_cone_program(joint) == pytest.approx(expected[1:3], abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_agrees_with_dit(seed):
    joint = random_joint(seed, values=2 + seed % 3, sparse=seed % 2 == 0)
    joint = np.where(joint < 1e-9, 0, joint)
    joint /= joint.sum()
    assert pid(joint)[1:3] == pytest.approx(by_cone_program(joint), abs=1e-5)


def test_atoms_are_named_in_the_order_of_the_sources():
    assert pid(TEXTBOOK["unique"][0]) == pytest.approx(Atoms(0, 1, 0, 0), abs=1e-7)
