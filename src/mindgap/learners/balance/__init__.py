"""Balanced training; the study says which way, in one word.

| `balance` | what it does | steps |
| --- | --- | --- |
| `none` | sums the losses; the unimodal ones count `unimodal_weight` times | 1 |
| `gblend` | weighs them once by a split of the labelled set | 3 |
| `mmpareto` | finds a common direction for each encoder | 1, two gradients each |
| `ogm_ge` | slows the encoder of the leading modality down, adds noise | 1 |

None of them adds a parameter. `gblend` and `mmpareto` train the encoders through the unimodal heads
too, and weigh these losses themselves. Besides there are `modality_dropout` and the learner `ume`,
networks trained apart. Which one helps where: `mindgap run balance`.
"""

from typing import Literal

from mindgap.learners.balance.base import Balance, Losses, Plain
from mindgap.learners.balance.gblend import GBlend
from mindgap.learners.balance.mmpareto import MmPareto
from mindgap.learners.balance.ogm_ge import OgmGe

__all__ = ["BALANCES", "Balance", "BalanceName", "Losses", "Plain"]

BalanceName = Literal["none", "gblend", "mmpareto", "ogm_ge"]

BALANCES: dict[BalanceName, Balance] = {
    "none": Plain(),
    "gblend": GBlend(),
    "mmpareto": MmPareto(),
    "ogm_ge": OgmGe(),
}
