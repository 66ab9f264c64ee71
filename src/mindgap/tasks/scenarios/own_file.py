"""What a scenario file may say, and the description that it means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
)

from mindgap.errors import MindgapError, unknown
from mindgap.strict_yaml import parse
from mindgap.tasks.description import Bit, Description, Shortcut
from mindgap.tasks.missingness import (
    MAR,
    Exclusive,
    Independent,
    Mechanism,
    Missingness,
    MNARx,
    MNARy,
)
from mindgap.tasks.scenarios.parts import POOL, TEST


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_bit(value: Any) -> Any:
    return {"carriers": value} if isinstance(value, str | list) else value


def _as_shape(value: Any) -> Any:
    """A number is one of a vector, a list the shape of a sequence or an image."""
    numbers = value if isinstance(value, list) else [value]
    if not numbers or any(type(n) is not int or n < 1 for n in numbers):
        raise ValueError(
            "give the numbers of a vector (32), [steps, channels] of a sequence or [channels, "
            "height, width] of an image"
        )
    return tuple(value) if isinstance(value, list) else value


def _as_mechanism(value: Any) -> Any:
    if isinstance(value, dict) and "mechanism" not in value:
        return {"mechanism": "patterns", "rates": value}
    return value


def _as_splits(value: Any) -> Any:
    if isinstance(value, dict) and not set(value) & {"pool", "test"}:
        return {"pool": value, "test": value}
    return value


_Shape = Annotated[Any, BeforeValidator(_as_shape)]


class OwnBit(_Part):
    """`carriers` is one group of modalities that hold the same value ("image+text"), or a list of
    groups whose values the bit is the XOR of."""

    carriers: Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
    accuracy: float = 0.975
    strength: dict[str, float] = {}


class OwnShortcut(_Part):
    """See `Shortcut`."""

    modality: str
    bit: str
    amplitude: float = 2.5
    pool: float = 0.9
    test: float = 0.5


class _Patterns(_Part):
    mechanism: Literal["patterns"]
    rates: dict[str, float]

    def built(self) -> Mechanism:
        return Exclusive(self.rates)


class _Mcar(_Part):
    mechanism: Literal["mcar"]
    rates: dict[str, float]

    def built(self) -> Mechanism:
        return Independent(self.rates)


class _Mar(_Part):
    mechanism: Literal["mar"]
    modality: str
    given: str
    rate: float = 0.5
    slope: float = 3.0
    bit: str | None = None

    def built(self) -> Mechanism:
        return MAR(self.modality, self.given, self.rate, self.slope, self.bit)


class _MnarX(_Part):
    mechanism: Literal["mnar_x"]
    modality: str
    rate: float = 0.5
    slope: float = 3.0
    bit: str | None = None

    def built(self) -> Mechanism:
        return MNARx(self.modality, self.rate, self.slope, self.bit)


class _MnarY(_Part):
    mechanism: Literal["mnar_y"]
    modality: str
    rates: list[float]

    def built(self) -> Mechanism:
        return MNARy(self.modality, tuple(self.rates))


_Mechanism = Annotated[
    Annotated[_Patterns | _Mcar | _Mar | _MnarX | _MnarY, Field(discriminator="mechanism")],
    BeforeValidator(_as_mechanism),
]
_MECHANISMS = {
    part.model_fields["mechanism"].annotation.__args__[0]: part  # type: ignore[union-attr]
    for part in (_Patterns, _Mcar, _Mar, _MnarX, _MnarY)
}


class OwnMissing(_Part):
    """Mechanisms of pool and test set; nothing is missing where none is given."""

    pool: _Mechanism = _Patterns(mechanism="patterns", rates={})
    test: _Mechanism = _Patterns(mechanism="patterns", rates={})


class OwnFile(_Part):
    """A scenario of one's own; see `Description` for the fields that it shares.

    Attributes:
        name: of the scenario.
        modalities: each with its number of dimensions, or its shape: `[32, 2]` is a sequence of 32
            steps and 2 channels, `[1, 16, 16]` an image of one channel.
        bits: name -> its carriers, or a mapping with `carriers`, `accuracy` and `strength`.
        missing: a mechanism for both splits, or one each under `pool` and `test`: shares by pattern
            (`image: 0.25`), or a mapping with `mechanism` and its parameters.
        pool: samples that can be labelled.
        test: samples that are measured on.
        pitfall: the field whose default makes the control; without one it is itself a control.
        why_unmatched: a sentence, why the Bayes accuracy of everything shown isn't the control's;
            needed where it isn't.
        summary: one sentence.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    modalities: Annotated[dict[str, _Shape], Field(min_length=1)]
    bits: Annotated[
        dict[str, Annotated[OwnBit, BeforeValidator(_as_bit)]], Field(min_length=1, max_length=8)
    ]
    parity: dict[str, int | dict[str, int]] = {}
    strength: dict[str, float] = {}
    corruption: dict[str, float] = {}
    shortcut: OwnShortcut | None = None
    prior: list[float] | None = None
    label_noise: float = 0.0
    missing: Annotated[OwnMissing, BeforeValidator(_as_splits)] = OwnMissing()
    pool: PositiveInt = POOL
    test: PositiveInt = TEST
    pitfall: str | None = None
    why_unmatched: Annotated[str, Field(min_length=1)] | None = None
    summary: str = "A scenario of your own."

    def description(self) -> Description:
        """What is to be generated.

        Raises:
            MindgapError: it can't be, with the reason.
        """
        bits = tuple(
            Bit(name, tuple(tuple(g.split("+")) for g in bit.carriers), bit.accuracy, bit.strength)
            for name, bit in self.bits.items()
        )
        return Description(
            dimensions=self.modalities,
            bits=bits,
            parity=self.parity,
            strength=self.strength,
            corruption=self.corruption,
            shortcut=Shortcut(**self.shortcut.model_dump()) if self.shortcut else None,
            prior=None if self.prior is None else tuple(self.prior),
            label_noise=self.label_noise,
            missing=Missingness(self.missing.pool.built(), self.missing.test.built()),
        )


def read(path: Path) -> OwnFile:
    """Read a scenario file.

    Raises:
        MindgapError: there is no such file, it isn't YAML, or a key or value is wrong; the first
            fault is told with its place.
    """
    origin = f"scenario file {path}"
    try:
        written = parse(path.read_text("utf-8"), origin, "a scenario file")
    except OSError as error:
        raise MindgapError(f"{origin} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MindgapError(f"{origin} is not a text file") from None
    for mistake in written.mistakes:
        raise MindgapError(mistake)
    try:
        return OwnFile.model_validate(written.content)
    except ValidationError as error:
        # a misspelt key may also be one that is missing
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        raise MindgapError(f"scenario file {path}: {_told(first)}") from None


def _told(error: Any) -> str:
    tags = _MECHANISMS if error["loc"][0] == "missing" else {}
    place = tuple(p for p in error["loc"] if not _is_branch(p) and p not in tags)
    where = ".".join(str(part) for part in place)
    if error["type"] == "extra_forbidden":
        inside = f"{'.'.join(map(str, place[:-1]))}: " if place[:-1] else ""
        return inside + unknown("key", str(place[-1]), _known(error["loc"]))
    if error["type"] == "missing":
        return f"{where} is missing"
    if error["type"] == "union_tag_invalid":
        return f"{where}: " + unknown("mechanism", str(error["ctx"]["tag"]), _MECHANISMS)
    if error["type"] == "value_error":
        return f"{where}: {error['ctx']['error']}, got {error['input']!r}"
    return f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}, got {error['input']!r}"


def _is_branch(part: str | int) -> bool:
    return part == "int" or (isinstance(part, str) and part.startswith(("dict[", "function-")))


def _known(place: tuple[str | int, ...]) -> list[str]:
    """The keys that are possible beside an unknown one."""
    model: type[BaseModel] = OwnFile
    if place[0] == "bits" and len(place) > 2:
        model = OwnBit
    elif place[0] == "shortcut":
        model = OwnShortcut
    elif place[0] == "missing" and len(place) > 1:
        model = next((_MECHANISMS[p] for p in place if p in _MECHANISMS), OwnMissing)
    return list(model.model_fields)
