"""Records as the loop writes them, with numbers of one's own."""

STUDY = {
    "name": "planted",
    "tasks": ["t"],
    "learners": ["l"],
    "strategies": ["random"],
    "budget": {"initial": 10, "query": 5, "rounds": 3},
    "seeds": 1,
    "plugins": [],
}


def round_record(run="a", round_=0, value=0.5, **changes):
    return {
        "kind": "round",
        "run": run,
        "task": "t",
        "learner": "l",
        "strategy": "random",
        "seed": 0,
        "group": "unimodal",
        "family": "f",
        "round": round_,
        "labels": 10 + 5 * round_,
        "metrics": [{"metric": "accuracy", "subject": "natural", "value": value}],
        "selected": [{"id": f"{round_}-{i}", "score": i / 3, "observed": "x1"} for i in range(5)],
        "seconds": {"train": 1.5, "select": 0.25},
        **changes,
    }


def failure_record(run="a", round_=0, error="strategy s: ValueError: no"):
    keys = ("run", "task", "learner", "strategy", "seed", "round")
    described = {key: round_record(run, round_)[key] for key in keys}
    return {"kind": "failure", **described, "error": error, "traceback": f"Traceback\n{error}"}
