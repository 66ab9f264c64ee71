"""How a modality or label bit may be called: names are joined as `a+b`, listed and printed."""

from __future__ import annotations

APART = "+,()[]{}"


def name_problem(name: object, what: str = "modality") -> str | None:
    """Why a modality, or what else it is, can't be called this; or None."""
    if not isinstance(name, str) or not name:
        return f"a {what} can't be called {name!r}; give it a name"
    for character in name:
        if character in APART or character.isspace() or not character.isprintable():
            return (
                f"a {what} can't be called {name!r}: {character!r} can't be in a name; "
                "use letters, digits, _ or -"
            )
    return None
