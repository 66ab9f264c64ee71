"""`mindgap findings`"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mindgap.cli import options, tell

if TYPE_CHECKING:
    from rich.table import Table

    from mindgap.analysis import Claim

STYLES = {"supported": "green", "contradicted": "red", "undecided": "dim"}


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    full: options.Full = None,
    json: options.Json = False,
) -> None:
    """Say which of the paper's claims hold in a study, for which tasks, and what decides it.

    - **C1**: models use their modalities less evenly than the truth prescribes, and than in the
      control. Effect: log ratio of two utilisations.
    - **C2**: no query strategy mends that. Effect: share of the gap to a balanced reference, the
      learner `ume`, that the best strategy closes.
    - **C3**: multimodal strategies don't consistently beat unimodal ones. Effect: AUBC of the best
      multimodal minus that of the best unimodal one, each the best by the other seeds.

    Each is supported, contradicted or undecided, by paired t tests over seeds, and over tasks for
    all of them together. What lacks a control is undecided and says so.

    Example: `mindgap run paper-small && mindgap findings results/paper-small`
    """
    from rich.console import Console

    from mindgap.analysis import CLAIMS, analyse, claims

    top = None if full is None else tell.results_in(full)
    analysis = analyse(tell.results_in(folder), top)
    tell.gaps(folder, analysis)
    found = claims(analysis)
    if json:
        tell.as_json({"claims": [claim.as_dict() for claim in found]})
        return
    console = Console()
    if not found:
        console.print("nothing to conclude: no learner but the ensemble was run with random")
    for learner in dict.fromkeys(claim.learner for claim in found):
        console.print(f"[bold]{tell.plain(learner)}[/]")
        own = [claim for claim in found if claim.learner == learner]
        for number, sentence in CLAIMS.items():
            console.print(_table(f"{number}: {sentence}", [c for c in own if c.id == number]))


def _table(title: str, claims: Sequence[Claim]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("task", overflow="fold", max_width=28)
    table.add_column("verdict")
    table.add_column("effect [95 %]", no_wrap=True)
    table.add_column("n", justify="right")
    table.add_column("because", overflow="fold")
    for claim in claims:
        table.add_row(
            tell.plain(claim.scenario or "all of them"),
            f"[{STYLES[claim.verdict]}]{claim.verdict}[/]",
            "" if claim.effect is None else tell.effect(claim.effect, claim.low, claim.high),
            str(claim.n),
            tell.plain(claim.reason),
        )
    return table
