"""What `mindgap show scenario` prints: the description in words, the control, and the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from mindgap.cli.tell import plain

Card = Mapping[str, Any]

#: Split -> where the card has its patterns.
SPLITS = {"pool": "patterns", "test": "test_patterns"}


#: Heading of the patterns, and what is said of all of them together.
OBSERVED, WHOLE = "modalities observed", "whole test set"


def tell(card: Card, control: Card | None, console: Console) -> None:
    """Print a scenario's card.

    Args:
        control: the truth of its control, None where it has none.
    """
    for title, lines in sections(card).items():
        console.print(f"[bold]{title}[/]", highlight=False)
        for line in lines:
            console.print(Padding(plain(line), (0, 0, 0, 2)), highlight=False)
    console.print()
    _accuracies(card["truth"], control, console)
    _information(card["truth"]["information"], console)


def sections(card: Card) -> dict[str, list[str]]:
    """What is to be said of a scenario, but for its tables; heading -> lines."""
    found = {
        "pitfall": [card["pitfall"] or "none, it is a control"],
        "what it is": [line for phrases in card["words"].values() for line in phrases],
    }
    shares = {split: ", ".join(_shares(card[key])) for split, key in SPLITS.items()}
    found["sizes"] = [f"{split}: {card[split]} samples ({shares[split]})" for split in SPLITS]
    if card["control"]:
        difference = card["difference"]
        found["control"] = [
            f"{card['control']}, differs in {difference['field']}, and in nothing else",
            *(f"here: {line}" for line in difference["here"]),
            *(f"there: {line}" for line in difference["control"]),
        ]
        if card["why_unmatched"]:
            found["control"].append(f"not matched: {card['why_unmatched']}")
    if card["why_noisy"]:
        found["noise"] = [f"Bayes accuracy stays below 1 without noise: {card['why_noisy']}"]
    if card["ladder"]:
        found["severity"] = list(_ladder(card))
    if card["symptom"]:
        measured = "measured" if card["symptom"]["measured"] else "expected, not measured yet"
        found["symptom"] = [f"{card['symptom']['sentence']} ({measured})"]
        window = card["window"]
        found["window"] = [
            f"shows between {window[0]} and {window[1]} labels" if window else "not known"
        ]
    return found


def _shares(patterns: Mapping[str, float]) -> Iterator[str]:
    for pattern, share in patterns.items():
        yield f"{pattern} {share:.0%}"


def _ladder(card: Card) -> Iterator[str]:
    ladder = card["ladder"]
    yield f"{ladder['what']}:"
    for number, rung in enumerate(ladder["rungs"], 1):
        here = " (this one)" if number == card["severity"] else ""
        yield f"{number} is {rung_in_words(rung)}{here}"


def rung_in_words(rung: Any) -> str:
    """A rung of a ladder; a tuple or a mapping without its brackets and quotes."""
    if isinstance(rung, Mapping):
        return ", ".join(f"{key}: {rung_in_words(value)}" for key, value in rung.items())
    return ", ".join(map(rung_in_words, rung)) if isinstance(rung, list) else str(rung)


def _accuracies(truth: Card, control: Card | None, console: Console) -> None:
    bits = truth["bits"]
    table = Table(title=f"Bayes accuracy ({truth['method']})", title_justify="left")
    table.add_column("modalities shown")
    table.add_column("class", justify="right")
    if control:
        table.add_column("control", justify="right")
    for bit in bits:
        table.add_column(plain(f"{bit['name']} in {', '.join(bit['groups'])}"), justify="right")
    for subset, accuracy in truth["bayes_accuracy"].items():
        beside = [f"{control['bayes_accuracy'][subset]:.3f}"] if control else []
        per_bit = (f"{bit['bayes'][subset]:.3f}" for bit in bits)
        table.add_row(plain(subset or "none"), f"{accuracy:.3f}", *beside, *per_bit)
    console.print(table)
    heads, rows = on_test_set(truth, control)
    table = Table(title="Bayes accuracy on the test set as it is", title_justify="left")
    for heading in heads:
        table.add_column(heading, justify="left" if heading == OBSERVED else "right")
    for row in rows:
        table.add_row(*map(plain, row))
    console.print(table)
    prescribed = ", ".join(f"{name} {phi:.3f}" for name, phi in truth["shapley"].items())
    console.print(f"prescribed use (Shapley value of the Bayes accuracy): {plain(prescribed)}\n")


def on_test_set(truth: Card, control: Card | None) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: what a perfect learner reaches on the test set, by what is observed there,
    and on all of it; where the mask tells something, also what it reaches without reading it.

    A dash stands for a pattern that the control doesn't have, or that is too rare to tell.
    """
    here, there = truth["patterns"], control["patterns"] if control else {}
    mix = {
        "share": 1.0,
        "bayes": truth["bayes_natural"],
        "bayes_mask_ignored": truth["bayes_natural_mask_ignored"],
    }
    rows = {**here, WHOLE: mix} if max(len(here), len(there)) > 1 else here
    told = any(row["bayes"] != row["bayes_mask_ignored"] for row in rows.values())
    heads = [OBSERVED, "share", "class", *(["mask ignored"] if told else [])]
    cells = [
        [
            pattern,
            f"{row['share']:.1%}",
            _digits(row["bayes"]),
            *([_digits(row["bayes_mask_ignored"])] if told else []),
        ]
        for pattern, row in rows.items()
    ]
    if control:
        heads.append("control")
        beside = {pattern: row["bayes"] for pattern, row in there.items()}
        beside[WHOLE] = control["bayes_natural"]
        for line in cells:
            line.append(_digits(beside.get(line[0])))
    return heads, cells


def _digits(accuracy: float | None) -> str:
    return "–" if accuracy is None else f"{accuracy:.3f}"


def _information(information: Card, console: Console) -> None:
    table = Table(title=f"Bits told of the class ({information['method']})", title_justify="left")
    for heading in ("modalities shown", "told", "beyond its parts"):
        table.add_column(heading, justify="left" if heading == "modalities shown" else "right")
    for subset, told in information["mutual_information"].items():
        if subset:
            dividend = information["dividends"][subset]
            table.add_row(plain(subset), f"{told:.3f}", f"{dividend + 0.0:.3f}")
    console.print(table)
    if not information["pid"]:
        return
    table = Table(title="PID atoms in bits (without noise)", title_justify="left")
    for heading in ("sources", "redundant", "unique to the first", "to the second", "synergistic"):
        table.add_column(heading, justify="left" if heading == "sources" else "right")
    for pid in information["pid"]:
        both = zip(flat(pid["observed"]), flat(pid["latent"]), strict=True)
        cells = (f"{observed:.3f} ({latent:.3f})" for observed, latent in both)
        table.add_row(plain(" | ".join(pid["sources"])), *cells)
    console.print(table)


def flat(atoms: Card) -> list[float]:
    """Redundant, unique to either source, synergistic."""
    return [atoms["redundant"], *atoms["unique"], atoms["synergistic"]]
