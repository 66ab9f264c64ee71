"""scikit-activeml's pool strategies as `skactiveml:NAME`; they need the extra `skactiveml`."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields, make_dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import torch

from mindgap.errors import MindgapError, unknown
from mindgap.sources import Source
from mindgap.strategies.base import Pool, Selection, Strategy

#: What a strategy reads: points, and what stands for its classifier or its ensemble.
Z, P, DRAWS = "embeddings", "probabilities", "mc_probabilities"

#: What can be adapted: its paper, and what it reads.
ADAPTED = {
    "Badge": ("Ash et al. 2020", {Z, P}),
    "BatchBALD": ("Kirsch et al. 2019", {DRAWS}),
    "Clue": ("Prabhu et al. 2021", {Z, P}),
    "ContrastiveAL": ("Margatina et al. 2021", {Z, P}),
    "CoreSet": ("Sener & Savarese 2018", {Z}),
    "Falcun": ("Gilhuber et al. 2024", {P}),
    "GreedyBALD": ("Houlsby et al. 2011", {DRAWS}),
    "GreedySamplingX": ("Wu et al. 2019", {Z}),
    "MaxHerding": ("Bae et al. 2024", {Z}),
    "ProbCover": ("Yehuda et al. 2022", {Z}),
    "QueryByCommittee": ("Seung et al. 1992", {DRAWS}),
    "TypiClust": ("Hacohen et al. 2022", {Z}),
    "UncertaintySampling": ("Settles 2009", {P}),
}

#: Those that score every sample for itself.
POINTWISE = {"GreedyBALD", "QueryByCommittee", "UncertaintySampling"}

#: Rules of our contract that the original breaks, in version 1.0.1.
QUADRATIC = "It holds matrices over all pairs of samples: gigabytes beyond some ten thousand."
BREAKS = {
    "Badge": "Of candidates that are all equal it prefers the first.",
    "BatchBALD": "Where the draws agree everywhere it chooses a sample twice, and its run fails.",
    "GreedySamplingX": QUADRATIC,
    "MaxHerding": QUADRATIC,
    "ProbCover": QUADRATIC,
    "TypiClust": "With fewer distinct samples than clusters it raises an error, and its run fails.",
}

#: What can't be, and why.
RETRAINS = "it trains a classifier of scikit-activeml's anew for every candidate"
REGRESSION = "it chooses for regression"
WRAPPER = "it wraps another strategy: take one of mindgap's wrappers, such as stratified"
CANNOT = {
    "CostEmbeddingAL": "it trains regressors of its own instead of asking the model",
    "DiscriminativeAL": "it needs a discriminator that scikit-activeml trains",
    "DropQuery": "it drops out inputs of a classifier, and embeddings have no such: take dropquery",
    "EpistemicUncertaintySampling": "it knows two classifiers of scikit-activeml only",
    "ExpectedErrorReduction": RETRAINS,
    "ExpectedModelChangeMaximization": REGRESSION,
    "ExpectedModelOutputChange": REGRESSION,
    "ExpectedModelVarianceReduction": REGRESSION,
    "FourDs": "it needs a mixture model of scikit-activeml",
    "GreedySamplingTarget": REGRESSION,
    "KLDivergenceMaximization": REGRESSION,
    "MonteCarloEER": RETRAINS,
    "ParallelUtilityEstimationWrapper": WRAPPER,
    "ProbabilisticAL": "it needs a classifier that counts neighbours, which a network isn't",
    "Quire": "it inverts a matrix over all pairs of samples",
    "RandomSampling": "it reads nothing: take random",
    "RegressionTreeBasedAL": REGRESSION,
    "SubSamplingWrapper": WRAPPER,
    "ValueOfInformationEER": RETRAINS,
}


@dataclass(frozen=True)
class ScikitActiveml(Strategy):
    """A strategy of scikit-activeml on what the pool serves."""

    cost = "scikit-activeml's own, which may be O(N^2) in memory too"

    #: its name there
    theirs: ClassVar[str]

    @property
    @abstractmethod
    def reads(self) -> frozenset[str]:
        """Some of `Z`, `P` and `DRAWS`."""

    def requires(self) -> frozenset[str]:
        return self.reads

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        if n == 0:
            return Selection(pool.candidates[:0], torch.zeros(0, device=pool.candidates.device))
        y = np.full(len(pool.observed), np.nan)
        y[pool.labelled.cpu()] = pool.labels.cpu()
        # what is looked up has the number of its row for a feature
        X: np.ndarray = np.arange(len(y))[:, None]
        if self.reads == {Z}:
            X = pool.embeddings.double().cpu().numpy()
        settings = {field.name: getattr(self, field.name) for field in fields(self)}
        seed = int(rng.integers(2**31 - 1))
        extra, given = _model(self.theirs, self.reads, pool, seed)
        query = _theirs(self.theirs)(**settings, **extra, random_state=seed)
        candidates = pool.candidates.cpu().numpy()
        rows, utilities = query.query(
            X, y, candidates=candidates, batch_size=n, return_utilities=True, **given
        )
        rows = np.asarray(rows)
        scores = np.asarray(utilities)[np.arange(n), rows]
        device = pool.candidates.device
        return Selection(
            torch.from_numpy(rows.astype(np.int64)).to(device), torch.from_numpy(scores).to(device)
        )


def names() -> list[str]:
    """What can be adapted, if scikit-activeml is there."""
    return sorted(ADAPTED) if importlib.util.find_spec("skactiveml") else []


@cache
def entry(name: str) -> tuple[Callable[..., Any], Source]:
    """A strategy class for one of scikit-activeml's, and the package's version.

    Its parameters are those of the original that are numbers, texts or truth values.

    Raises:
        MindgapError: scikit-activeml isn't installed, has no such strategy, or it can't be adapted.
    """
    if importlib.util.find_spec("skactiveml") is None:
        raise MindgapError(
            f"skactiveml:{name} needs scikit-activeml: pip install 'mindgap[skactiveml]'"
        )
    if name in CANNOT:
        raise MindgapError(f"skactiveml:{name} can't be used here: {CANNOT[name]}")
    if name not in ADAPTED:
        raise MindgapError(unknown("strategy of scikit-activeml", name, ADAPTED))
    paper, reads = ADAPTED[name]
    kept = [
        (p.name, type(p.default), p.default)
        for p in inspect.signature(_theirs(name)).parameters.values()
        if type(p.default) in (bool, int, float, str)
        and p.name not in ("missing_label", "n_cluster_param_name")
    ]
    told = (
        f"`{name}` as scikit-activeml has it ({paper}).\n\n"
        f"It reads {' and '.join(sorted(reads))} of mindgap's network: embeddings are its samples, "
        "and a classifier or ensemble is not trained, but looked up. Its documentation describes "
        f"the parameters. {BREAKS.get(name, '')}"
    ).strip()
    own = {
        "__doc__": told,
        "__module__": __name__,
        "theirs": name,
        "reads": frozenset(reads),
        "pointwise": name in POINTWISE,
    }
    made = make_dataclass(name, kept, bases=(ScikitActiveml,), namespace=own, frozen=True)
    version = importlib.metadata.version("scikit-activeml")
    return made, Source("package scikit-activeml", f"scikit-activeml {version}")


def _theirs(name: str) -> Callable[..., Any]:
    import skactiveml.pool

    found: Callable[..., Any] = getattr(skactiveml.pool, name)
    return found


def _model(
    name: str, reads: frozenset[str], pool: Pool, seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of a strategy's constructor and of its query that hand it the model's answers."""
    if reads == {Z}:
        return {}, {}
    extra: dict[str, Any] = {}
    model = _looked_up(pool, reads)
    if DRAWS in reads:
        extra["sample_predictions_method_name"] = "sample_proba"
        return extra, {"ensemble": model, "fit_ensemble": False}
    if name == "Clue":
        extra["predict_dict"] = {"return_embeddings": True}
        extra["cluster_algo_dict"] = {"random_state": seed}  # or it takes the global generator
        return extra, {"estimator": model, "fit_estimator": False}
    if Z in reads:
        extra["clf_embedding_flag_name"] = "return_embeddings"
    return extra, {"clf": model, "fit_clf": False}


def _looked_up(pool: Pool, reads: frozenset[str]) -> Any:
    """A fitted classifier whose feature is a sample's row, and whose answers are the pool's."""
    from skactiveml.base import SkactivemlClassifier

    answers = {key: getattr(pool, key).double().cpu().numpy() for key in reads}

    class LookedUp(SkactivemlClassifier):  # type: ignore[misc]
        classes_ = np.arange(pool.n_classes)

        def fit(self, X: Any, y: Any) -> Any:
            return self

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def predict_proba(self, X: np.ndarray, return_embeddings: bool = False) -> Any:
            rows = X[:, 0].astype(int)
            return (answers[P][rows], answers[Z][rows]) if return_embeddings else answers[P][rows]

        def sample_proba(self, X: np.ndarray) -> np.ndarray:
            draws: np.ndarray = answers[DRAWS][:, X[:, 0].astype(int)]
            return draws

    return LookedUp(classes=np.arange(pool.n_classes))
