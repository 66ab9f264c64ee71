"""How a modality may be called: names are joined as `a+b`, written in lists and printed."""

from __future__ import annotations

APART = "+,()[]{}"


def name_problem(name: object) -> str | None:
    """Why a modality can't be called this, or None."""
    if not isinstance(name, str) or not name:
        return f"a modality can't be called {name!r}; give it a name"
    for character in name:
        if character in APART or character.isspace() or not character.isprintable():
            return (
                f"a modality can't be called {name!r}: {character!r} can't be in a name; "
                "use letters, digits, _ or -"
            )
    return None
