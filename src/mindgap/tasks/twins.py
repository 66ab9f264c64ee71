"""How a scenario and its control may differ: in one field, not in what everything shown allows."""

from __future__ import annotations

from dataclasses import fields

from mindgap.tasks.description import Description
from mindgap.tasks.truth_cache import cached_joint

#: How far apart the Bayes accuracies of twins with everything shown may be.
MATCHED = 0.005

#: Fields that complete inputs and clean labels show nothing of, nor what the truth depends on.
UNSEEN = ("missing", "label_noise", "dimensions")

#: Field -> why twins that differ in it aren't matched in all that everything shown tells.
WHY_UNMATCHED = {
    "corruption": "accuracy and information can't both be matched: clear in some samples and lost "
    "in others tells more bits than equally weak in all, at the same accuracy",
    "prior": "only the accuracy can be matched: of classes that are unequally frequent there is "
    "less to tell, so it takes fewer bits to be right as often",
}


def difference(first: Description, second: Description) -> list[str]:
    """The fields in which two descriptions differ."""
    return [f.name for f in fields(first) if getattr(first, f.name) != getattr(second, f.name)]


def unmatched(description: Description, control: Description) -> str | None:
    """Why these are no twins: a perfect learner that is shown everything differs by more than
    `MATCHED` in accuracy; None where it doesn't."""
    if set(difference(description, control)) <= set(UNSEEN):
        return None
    here, there = cached_joint(description), cached_joint(control)
    if abs(here - there) <= MATCHED:
        return None
    return (
        f"a perfect learner that is shown everything is right in {here:.4f} of the samples, in "
        f"{there:.4f} of the control's, but they should agree within {MATCHED}, so that only the "
        "pitfall makes a difference; match them, or say in a sentence under why_unmatched why they "
        "can't be"
    )
