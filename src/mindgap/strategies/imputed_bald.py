"""BALD once missing modalities are averaged out (ours, after Houlsby et al. 2011)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import PositiveInt

from mindgap.strategies import passes
from mindgap.strategies.bald import mutual_information
from mindgap.strategies.base import Pool, Selection, Strategy, best
from mindgap.strategies.imputation import imputations


@dataclass(frozen=True)
class ImputedBald(Strategy):
    """BALD of the prediction averaged over likely values of what is missing (ours).

    p(y | x_S, w) = E[p(y | x_S, x_R, w)], the mean over K donors' values of the missing modalities
    R (see `imputed_entropy`) under one draw w of the weights, the same donors for all draws. The
    score is I[y; w | x_S] = H[E_w p(y | x_S, w)] - E_w H[p(y | x_S, w)], in nats: what the label of
    the sample as it is says of the weights. That the donors disagree adds to both terms, so a gap
    alone scores nothing: I[y; x_R | x_S], which it would raise, is what buying the modality would
    tell, and a label doesn't. A complete sample scores what `bald` gives it.

    Attributes:
        donors: K.
    """

    group = "multimodal"
    pointwise = True
    cost = "O(N^2 D) time, O(T K N) passes of the network, O(N) memory"

    donors: PositiveInt = 10

    def requires(self) -> set[str]:
        return {"mc_probabilities", "mc_recombined", "unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        scores = mutual_information(passes.of_candidates(pool))
        for places, sources in imputations(pool, self.donors, rng):
            draws = pool.mc_recombined(sources.flatten(0, 1)).unflatten(1, sources.shape[:2])
            scores[places] = mutual_information(draws.mean(dim=2))
        return best(scores, pool, n, rng)
