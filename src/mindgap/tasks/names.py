"""How a modality or label bit may be called: names are joined as `a+b`, listed and printed."""

from __future__ import annotations

APART = "+,()[]{}"

#: What names mean elsewhere: keys of `missing` in a file, the empty subset, subjects of metrics.
TAKEN = ("pool", "test", "mechanism", "none", "natural", "complete")


def name_problem(name: object, what: str = "modality") -> str | None:
    """Why a modality, or what else it is, can't be called this; or None."""
    if not isinstance(name, str) or not name:
        return f"a {what} can't be called {name!r}; give it a name"
    if what == "modality" and name in TAKEN:
        return f"a modality can't be called {name!r}, which means something else; rename it"
    for character in name:
        if character in APART or character.isspace() or not character.isprintable():
            return (
                f"a {what} can't be called {name!r}: {character!r} can't be in a name; "
                "use letters, digits, _ or -"
            )
    return None
