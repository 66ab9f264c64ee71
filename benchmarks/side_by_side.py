"""What `mindgap findings` says of several results folders, as one Markdown table for the docs.

python benchmarks/side_by_side.py results/paper-small results/real
"""

import argparse
from pathlib import Path

from mindgap.analysis import CLAIMS, Claim, analyse, claims
from mindgap.study.store import Store


def told(claim: Claim) -> str:
    """Verdict, effect and interval, and how many seeds or tasks."""
    if claim.effect is None:
        return f"{claim.verdict}: {claim.reason}"
    numbers = f"{claim.effect:+.3f} [{claim.low:+.3f}, {claim.high:+.3f}], n = {claim.n}"
    return f"**{claim.verdict}** {numbers}; {claim.reason}"


def table(folders: list[Path]) -> list[str]:
    lines = []
    for folder in folders:
        results = Store(folder).read()
        found = claims(analyse(results))
        version = results.study.get("name", folder.name)
        for learner in dict.fromkeys(claim.learner for claim in found):
            lines += ["", f"### `{version}`, learner `{learner}`", ""]
            lines.append("| task | " + " | ".join(CLAIMS) + " |")
            lines.append("| --- | " + " | ".join("---" for _ in CLAIMS) + " |")
            own = [claim for claim in found if claim.learner == learner]
            for task in dict.fromkeys(claim.scenario for claim in own):
                by_id = {claim.id: claim for claim in own if claim.scenario == task}
                cells = [told(by_id[number]) if number in by_id else "" for number in CLAIMS]
                name = f"`{task}`" if task else "all of them"
                lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", help="Results folders.")
    print("\n".join(table(parser.parse_args().folders)))
