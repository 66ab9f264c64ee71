"""What is new about it, in one line (and the paper: Author et al. 2026, arXiv 2601.00001)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mindgap.strategies import Pool, Selection, Strategy, best


# A study calls it by the class's name in snake case and may set its fields, as in
# `name[sharpness=2]`. Keep it a frozen dataclass: whatever is no field would not be part of a
# run's name.
@dataclass(frozen=True)
class MyStrategy(Strategy):
    """Largest mean uncertainty of the observed modalities. This line is shown by `mindgap ls`.

    Say here what it scores, with equation numbers, and where it departs from the paper.

    Attributes:
        sharpness: exponent of the probabilities before they are compared.
    """

    # "unimodal" if it knows only the fused model, "multimodal" if it looks at modalities.
    group = "multimodal"

    sharpness: float = 1.0

    def requires(self) -> set[str]:
        # Only what is named here is computed and served. Also to be had: "probabilities",
        # "embeddings", "unimodal_embeddings", "mc_probabilities", "head",
        # "subset_probabilities:token", "subset_probabilities:zero", "recombined" and
        # "mc_recombined"; docs/extend.md says what each of them is.
        return {"unimodal_probabilities"}

    # If it can't do every task or learner, say so before anything runs:
    #
    # def supports(self, shape, capabilities):
    #     if len(shape.modalities) < 2:
    #         return "it compares modalities, and there is only one"
    #     return super().supports(shape, capabilities)

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        # Tensors of the pool have a row for each of its N samples; only `pool.candidates` may be
        # chosen. Never write into the pool. `pool.history` says what earlier rounds chose, and
        # `pool.validation` has labels that are never trained on, if the budget buys any.
        rows = pool.candidates
        observed = pool.observed[rows]  # (U, M): which modalities a sample has
        total = torch.zeros(len(rows), device=rows.device)
        for m, name in enumerate(pool.names):
            p = pool.unimodal_probabilities[name][rows] ** self.sharpness  # (U, C)
            doubt = 1 - p.amax(dim=1) / p.sum(dim=1)
            # The heads of missing modalities say NaN: leave them out.
            total += torch.where(observed[:, m], doubt, 0.0)
        score = total / observed.sum(dim=1)
        # The n largest. `best` lets `rng` decide between equal scores; whatever else you do at
        # random must come from `rng` too.
        return best(score, pool, n, rng)
