"""A description in words, a phrase a field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mindgap.tasks.description import Bit, Description
from mindgap.tasks.missingness import MAR, Mechanism, MNARx, MNARy


def in_words(description: Description) -> dict[str, list[str]]:
    """Field -> what it says, in phrases; only of fields that say something."""
    default = Description(description.dimensions, description.bits)
    return {
        field: of_field(description, field)
        for field in _WORDS
        if field in ("dimensions", "bits") or getattr(description, field) != getattr(default, field)
    }


def of_field(description: Description, field: str) -> list[str]:
    """What one field of the description says, in phrases."""
    return list(_WORDS[field](description))


def _dimensions(description: Description) -> Iterator[str]:
    for name in description.names:
        match description.shape(name):
            case (d,):
                yield f"{name} is a vector of {_counted(d, 'number')}"
            case (steps, c):
                yield f"{name} is a sequence of {_counted(steps, 'step')}, {_counted(c, 'channel')}"
            case (c, height, width):
                yield f"{name} is an image of {height} x {width} pixels, {_counted(c, 'channel')}"


def _bits(description: Description) -> Iterator[str]:
    yield f"{description.n_classes} classes from {_counted(len(description.bits), 'label bit')}"
    for bit in description.bits:
        yield f"{bit.name} {_told(bit)} (at best {bit.accuracy:.4g} right)"


def _told(bit: Bit) -> str:
    if len(bit.groups) > 1:
        return "is the XOR of " + _listed(f"a value in {'+'.join(g)}" for g in bit.groups)
    (carriers,) = bit.groups
    if len(carriers) == 1:
        return f"is told by {carriers[0]} alone"
    told = f"is told by {_listed(carriers)} alike"
    loud = [f"{name} with strength {bit.strength[name]:.4g}" for name in bit.strength]
    return f"{told} ({', '.join(loud)})" if loud else told


def _parity(description: Description) -> Iterator[str]:
    for name, p in description.parity.items():
        for bit, count in p.items() if isinstance(p, Mapping) else [(None, p)]:
            what = f"bit {bit}" if bit else "a value"
            yield f"in {name}, {what} is the XOR of {_counted(count, 'axis', 'axes')}"
    if not description.parity:
        yield "every value lies on one axis"


def _strength(description: Description) -> Iterator[str]:
    for name, s in description.strength.items():
        yield f"{name} speaks with {_share(s)} of the strength that others have"
    if not description.strength:
        yield "all that carry a value speak equally loud"


def _corruption(description: Description) -> Iterator[str]:
    for name, share in description.corruption.items():
        yield f"{name} is noise alone in {_share(share)} of the samples, unflagged"
    if not description.corruption:
        yield "every sample has its signal"


def _shortcut(description: Description) -> Iterator[str]:
    cue = description.shortcut
    if cue is None:
        yield "there is no shortcut"
    else:
        yield (
            f"an axis of {cue.modality} agrees with bit {cue.bit} in {_share(cue.pool)} of the "
            f"pool, in {_share(cue.test)} of the test set"
        )


def _prior(description: Description) -> Iterator[str]:
    if description.prior is None:
        yield "all classes are equally frequent"
    else:
        yield "class probabilities " + ", ".join(f"{p:.3f}" for p in description.prior)


def _label_noise(description: Description) -> Iterator[str]:
    share = description.label_noise
    wrong = f"{_share(share)} of the pool's labels are another class"
    yield wrong if share else "no label is wrong"


def _missing(description: Description) -> Iterator[str]:
    pool, test = (description.missing.of(split) for split in ("pool", "test"))
    if pool == test:
        yield _gaps(description, pool)
    else:
        yield f"in the pool {_gaps(description, pool)}"
        yield f"in the test set {_gaps(description, test)}"


def _gaps(description: Description, mechanism: Mechanism) -> str:
    shares = mechanism.shares(description.names, description.class_prior)
    everything = "+".join(description.names)
    if shares.get(everything, 0) == 1:
        return "nothing is missing"
    seen = _listed(
        tuple(
            f"{_share(share)} {'are complete' if p == everything else f'have only {p}'}"
            for p, share in shares.items()
        )
    )
    return f"{seen}, {_why(mechanism)}"


def _why(mechanism: Mechanism) -> str:
    of_bit = f" of bit {bit}" if (bit := getattr(mechanism, "bit", None)) else ""
    match mechanism:
        case MAR():
            return (
                f"{mechanism.modality} missing more often the higher {mechanism.given} lies on an "
                f"axis{of_bit} (MAR, slope {mechanism.slope:.3g})"
            )
        case MNARx():
            return (
                f"{mechanism.modality} missing more often the higher it would lie on an axis"
                f"{of_bit} (MNAR, slope {mechanism.slope:.3g})"
            )
        case MNARy():
            rates = ", ".join(_share(rate) for rate in mechanism.rates)
            return f"{mechanism.modality} missing by class in {rates} (MNAR)"
        case _:
            return "completely at random (MCAR)"


def _share(share: float) -> str:
    return f"{100 * share:.3g}%"


def _counted(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _listed(parts: Iterator[str] | tuple[str, ...]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


_WORDS: Mapping[str, Callable[[Description], Iterator[str]]] = {
    "dimensions": _dimensions,
    "bits": _bits,
    "parity": _parity,
    "strength": _strength,
    "corruption": _corruption,
    "shortcut": _shortcut,
    "prior": _prior,
    "label_noise": _label_noise,
    "missing": _missing,
}
