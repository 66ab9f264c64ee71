"""What goes wrong in each scenario with a naive learner or strategy; data, no code.

The windows are those that this printed, with ten seeds, between 50 and 500 labels:

    mindgap run symptoms
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Symptom:
    """What is expected to differ from the scenario's control, paired by seed.

    Attributes:
        sentence: what goes wrong.
        metric: as in the results; or "incomplete", the share of the chosen samples that lack a
            modality.
        subject: the modality, label bit or kind of sample that it is measured of.
        direction: whether it is lower or higher than in the control.
        smallest: the smallest difference worth naming, in the metric's unit.
        at: after how many labels; "last" for all of them, "aubc" for the mean over the budget
            (trapezoids), "queries" for the mean over all queries.
        strategy: whose runs are measured.
        minus: "random" for how much it differs from what random has with the same seed, "bayes"
            for its distance to the Bayes accuracy on the natural mix, "" for the metric itself.
        control_subject: what the subject is called in the control, where it has another name.
        window: numbers of labels, first and last, between which it shows; None where it doesn't.
        measured: whether sentence and window are what came out, not only what is expected.
    """

    sentence: str
    metric: str
    subject: str
    direction: Literal["lower", "higher"]
    smallest: float
    at: int | Literal["last", "aubc", "queries"] = "aubc"
    strategy: str = "random"
    minus: Literal["", "random", "bayes"] = ""
    control_subject: str | None = None
    window: tuple[int, int] | None = None
    measured: bool = False

    def as_card(self) -> dict[str, Any]:
        """For JSON; without the window, which is an entry of its own."""
        card = asdict(self)
        del card["window"]
        return card | {"control_subject": self.control_subject or self.subject}


#: The smallest differences worth naming: of an accuracy; of what is relative to a perfect learner
#: (kappa); and of shares, and what truth prescribes (utilisation).
ACCURACY, KAPPA, SHARE = 0.01, 0.05, 0.1

#: Scenario -> its symptom; scenarios that isolate nothing have none, nor have the nulls.
SYMPTOMS: Mapping[str, Symptom] = {
    "int_unique_one": Symptom(
        "With few labels, two bits of one modality are learned less well than one bit of each.",
        "accuracy", "natural", "lower", ACCURACY, 50,
        window=(50, 200), measured=True,
    ),
    "int_synergy": Symptom(
        "A bit that the modalities tell only together is learned late.",
        "kappa", "S1", "lower", KAPPA, control_subject="U1",
        window=(50, 400), measured=True,
    ),
    "int_red_syn": Symptom(
        "The redundant bit is learned at once, the synergistic one late.",
        "kappa", "S2", "lower", KAPPA, control_subject="R2",
        window=(50, 100), measured=True,
    ),
    "int_all16": Symptom(
        "Of all kinds of bits the synergistic one is learned last, if at all.",
        "kappa", "S", "lower", KAPPA, control_subject="R2",
        window=(50, 500), measured=True,
    ),
    "diff_snr": Symptom(
        "The quieter x2 is used less than even its information deserves.",
        "utilisation", "x2", "lower", SHARE, "last",
        window=(50, 500), measured=True,
    ),
    "diff_nonlin_red": Symptom(
        "x2 is neglected because it is harder to learn, although it tells as much as x1.",
        "utilisation", "x2", "lower", SHARE, "last",
        window=(50, 500), measured=True,
    ),
    "diff_nonlin_uniq": Symptom(
        "The bit that only x2 carries, as a parity, is learned late.",
        "kappa", "U2", "lower", KAPPA,
        window=(50, 500), measured=True,
    ),
    "diff_dim": Symptom(
        "The bit that is buried in the many dimensions of x2 is learned late.",
        "kappa", "U2", "lower", KAPPA,
        window=(50, 500), measured=True,
    ),
    "diff_image": Symptom(
        "The bit that is a pattern in an image is learned late.",
        "kappa", "U2", "lower", KAPPA,
        window=(50, 500), measured=True,
    ),
    "diff_sequence": Symptom(
        "The bit that is a wave in a sequence is learned late.",
        "kappa", "U2", "lower", KAPPA,
        window=(50, 500), measured=True,
    ),
    "diff_noise_mod": Symptom(
        "A large modality of nothing but noise is overfitted, which costs accuracy.",
        "accuracy", "natural", "lower", ACCURACY,
        window=(50, 500), measured=True,
    ),
    "diff_corrupt": Symptom(
        # Lower by .006 [-.005, .017] with 10 seeds: hardly worth naming.
        "Entropy gains hardly less on random than where x2 is equally weak in every sample.",
        "accuracy", "natural", "lower", ACCURACY, strategy="entropy", minus="random",
        measured=True,
    ),
    "diff_shortcut": Symptom(
        "The shortcut is learned in place of the bit that it agrees with in the pool.",
        "kappa", "U1", "lower", KAPPA,
        window=(50, 500), measured=True,
    ),
    "imbalance": Symptom(
        "A bit is guessed from its more frequent value rather than learned.",
        "kappa", "U2", "lower", KAPPA,
        window=(50, 500), measured=True,
    ),
    "label_noise": Symptom(
        "Wrong labels are fitted, which costs accuracy on the clean test set.",
        "accuracy", "natural", "lower", ACCURACY,
        window=(50, 500), measured=True,
    ),
    "miss_mcar_sym": Symptom(
        "Entropy takes gaps for uncertainty and buys incomplete samples.",
        "incomplete", "", "higher", SHARE, "queries", "entropy", "random",
        window=(50, 500), measured=True,
    ),
    "miss_mcar_skew": Symptom(
        "With few labels, the bit of the modality that is missing more often is learned less.",
        "kappa", "U2", "lower", KAPPA, 50,
        window=(50, 150), measured=True,
    ),
    "miss_mar": Symptom(
        "Without x1 its bit is guessed from x2 being there, which holds for complete samples only.",
        "accuracy_only", "x2", "higher", ACCURACY,
        window=(50, 500), measured=True,
    ),
    "miss_mnar_y": Symptom(
        "The gap is read as a sign of the class: complete samples from which x2 is withheld are "
        "taken for the other one.",
        "accuracy_only", "x1", "lower", ACCURACY,
        window=(50, 500), measured=True,
    ),
    "miss_mnar_x": Symptom(
        "The gap is read as a sign of what would be there: complete samples from which x2 is "
        "withheld are misjudged.",
        "accuracy_only", "x1", "lower", ACCURACY,
        window=(50, 500), measured=True,
    ),
    "miss_pool_only": Symptom(
        "Entropy buys incomplete samples, and loses accuracy on the complete ones it is tested on.",
        "accuracy", "natural", "lower", ACCURACY, strategy="entropy", minus="random",
        window=(100, 500), measured=True,
    ),
    "miss_shift": Symptom(
        "The bit of x1 that the pool's mask gives away is learned from the mask instead.",
        "kappa", "U1", "lower", KAPPA,
        window=(50, 500), measured=True,
    ),
    "miss_test_only": Symptom(
        "Where x1 is missing the model falls short of Bayes: it never had to do without.",
        "accuracy", "natural", "lower", ACCURACY, minus="bayes",
        window=(50, 500), measured=True,
    ),
    "miss_syn": Symptom(
        "Entropy buys incomplete samples, which tell nothing of the synergistic bit, and doesn't "
        "learn it.",
        "kappa", "S2", "lower", KAPPA, "last", "entropy", "random", "R2",
        window=(250, 500), measured=True,
    ),
    "three_mod": Symptom(
        "The bit that two of three modalities tell only together is learned late.",
        "kappa", "S", "lower", KAPPA, control_subject="R3",
        window=(50, 400), measured=True,
    ),
    "five_mod": Symptom(
        "The bit that two of five modalities tell only together is learned late, if at all.",
        "kappa", "S", "lower", KAPPA, control_subject="R3",
        window=(50, 500), measured=True,
    ),
    "mix_realistic": Symptom(
        "Amid all else that goes wrong, one more factor still costs accuracy on complete samples.",
        "accuracy", "complete", "lower", ACCURACY, "last",
        window=(150, 500), measured=True,
    ),
}  # fmt: skip


def entries(name: str, text: str) -> dict[str, Any]:
    """What a scenario's card says of its symptom: `symptom` and `window`, None where there is none.

    Args:
        name: the scenario's.
        text: its name with the parameters that aren't default; the window holds without any.
    """
    symptom = SYMPTOMS.get(name)
    if symptom is None:
        return {"symptom": None, "window": None}
    return {"symptom": symptom.as_card(), "window": symptom.window if text == name else None}
