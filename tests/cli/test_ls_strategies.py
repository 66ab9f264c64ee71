"""What `mindgap ls strategies` says of each, to choose by."""

from mindgap.cli.ls import Kind, listing


def test_every_strategy_says_what_it_is_from_needs_and_costs():
    rows = {row["name"]: row for row in listing(Kind.strategies, [])}
    assert all(row["family"] in ("unimodal", "multimodal", "oracle") for row in rows.values())
    assert [name for name, row in rows.items() if not row["cost"]] == []
    assert [name for name, row in rows.items() if not row["paper"]] == ["random"]
    badge = rows["badge"]
    assert badge["paper"] == "Ash et al. 2020"
    assert badge["needs"] == "embeddings, probabilities"
    assert badge["cost"] == "O(b N (C + D))"
    assert rows["stratified"]["paper"] == "ours"
    assert rows["stratified"]["needs"] == "what the strategy inside needs"
