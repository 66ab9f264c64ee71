"""No result takes memory that is still read."""

from hypothesis import given
from hypothesis import strategies as st

from mindgap.learners.reuse import reuse


@st.composite
def steps(draw):
    """Calls that read earlier results and make one of a few sizes, some of which have to stay."""
    sizes = draw(st.lists(st.sampled_from([4, 8]), min_size=1, max_size=12))
    reads = [draw(st.sets(st.integers(-1, max(call - 1, -1)))) for call in range(len(sizes))]
    stays = [draw(st.booleans()) for _ in sizes]
    return sizes, reads, stays


@given(steps())
def test_what_is_read_was_not_written_over(step):
    sizes, reads, stays = step
    touched = [read | {call} for call, read in enumerate(reads)]
    made = [None if stay else call for call, stay in enumerate(stays)]
    takes = reuse(touched, made, dict(enumerate(sizes)))
    assert list(takes) == [call for call in made if call is not None]
    assert all(sizes[result] == sizes[other] for result, other in takes.items())
    holds = {}
    for call, read in enumerate(reads):
        assert all(holds[takes.get(result, result)] == result for result in read if result >= 0)
        holds[takes.get(call, call)] = call


def test_a_chain_needs_two():
    touched = [{call - 1, call} for call in range(6)]
    takes = reuse(touched, list(range(6)), dict.fromkeys(range(6), 16))
    assert takes == {0: 0, 1: 1, 2: 0, 3: 1, 4: 0, 5: 1}


def test_the_last_one_left_is_taken_first():
    touched = [{0}, {1}, {0}, {1}, {2}]
    assert reuse(touched, [0, 1, None, None, 2], dict.fromkeys(range(3), 16))[2] == 1
