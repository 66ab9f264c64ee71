"""What trained networks say of a data set, in chunks, by the names that strategies ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mindgap.errors import MindgapError
from mindgap.learners.chunks import chunks
from mindgap.learners.ensemble import apart, asked_of_members, folded, members
from mindgap.learners.layers import Parameters
from mindgap.learners.network import Network, Output
from mindgap.learners.recombined import recombined
from mindgap.learners.samples import Samples
from mindgap.learners.temperature import TEMPERATURE, cooled
from mindgap.seeding import stream
from mindgap.tasks.subsets import Subset, subsets

#: T, how many draws of the weights stand for their posterior in "mc_probabilities".
PASSES = 10

#: What is answered by a function of each run.
FUNCTIONS = {"head", "recombined", "mc_recombined"}


@torch.no_grad()
def predict(
    network: Network,
    parameters: Parameters,
    samples: Samples,
    want: Set[str],
    keys: Sequence[tuple[str | int, ...]] = (),
) -> dict[str, Any]:
    """Answer every key of `want` for R networks on the same N samples.

    Args:
        parameters: of R runs, (R, ...) each, or (R, E, ...) of ensembles, see `ensemble.folded`.
            With a `TEMPERATURE` (R,) among them, it divides all logits of the fused model.
        want: "probabilities", "unimodal_probabilities" (NaN where not observed), "embeddings",
            "unimodal_embeddings", "subset_probabilities:token", "subset_probabilities:zero",
            "mc_probabilities" (with dropout left on), "head", "recombined", "mc_recombined"; and
            "logits", whose softmax is "probabilities".
        keys: of the runs' streams (`Row.key`); only what begins with "mc_" needs them.

    Returns:
        key -> tensor (R, N, ...), or a mapping of such by modality or subset; "mc_probabilities"
        are (R, T, N, C), T being the number of members where there are several; "head" is a
        function of each run: (B, D), rows (B,) -> (B, C) logits; "recombined" another, (B, M) rows
        -> (B, C) probabilities, and "mc_recombined" -> (T, B, C).
    """
    if not want:
        return {}
    temperature = parameters.get(TEMPERATURE)
    parameters = {name: value for name, value in parameters.items() if name != TEMPERATURE}
    count = members(network, parameters)
    draws = count == 1 and bool(want & {"mc_probabilities", "mc_recombined"})
    masks = _masks(network, parameters, keys) if draws else None
    ready: dict[str, Any] = {}
    if "head" in want:
        ready["head"] = _heads(network, parameters, samples, temperature)
    for key in want & {"recombined", "mc_recombined"}:
        ready[key] = _recombined(network, parameters, samples, key, masks, temperature)
    rest = want - FUNCTIONS
    if count > 1:
        parameters, asked = apart(parameters), asked_of_members(rest)
    else:
        asked = rest
    if not rest:
        return ready
    for chunk in chunks(len(samples), next(iter(parameters.values())).device):
        part = samples.slice(chunk.start, chunk.stop)
        answers = _answer(network, parameters, part, asked, masks)
        answers = folded(answers, rest, count) if count > 1 else answers
        for key in rest:
            finished = _finished(answers[key], key, temperature)
            if key not in ready:
                ready[key] = _room(finished, len(samples))
            _put(finished, ready[key], chunk)
    return ready


def _answer(
    network: Network,
    parameters: Parameters,
    samples: Samples,
    want: Set[str],
    masks: Float[Tensor, "R T H"] | None,
) -> dict[str, Any]:
    """What is asked of every network; logits where it is a probability of the fused model."""
    runs = len(next(iter(parameters.values())))
    inputs = {name: x.expand(runs, *x.shape) for name, x in samples.inputs.items()}
    encoded = network.encode(parameters, inputs)
    mask = samples.mask().expand(runs, -1, -1)
    observed = None if samples.observed is None else mask
    output = network.fuse(parameters, encoded, observed)
    answers: dict[str, Any] = {}
    for key in want:
        if key in ("logits", "probabilities"):
            answers[key] = output.logits
        elif key == "embeddings":
            answers[key] = output.embedding
        elif key == "unimodal_embeddings":
            answers[key] = dict(output.unimodal_embeddings)
        elif key == "unimodal_probabilities":
            answers[key] = _unimodal(output, mask)
        elif key == "mc_probabilities" and masks is not None:
            passes = [
                network.head(parameters, output.embedding * factors[:, None], observed)
                for factors in masks.unbind(dim=1)
            ]
            answers[key] = torch.stack(passes, dim=1)
        elif key.startswith("subset_probabilities:"):
            absent = key.partition(":")[2]
            names = tuple(samples.inputs)
            answers[key] = {
                subset: network.fuse(
                    parameters, encoded, mask & _columns(names, subset, mask.device), absent
                ).logits
                for subset in subsets(names)
            }
        else:
            raise LookupError(f"no learner answers {key!r}")
    return answers


def _finished(value: Any, key: str, temperature: Float[Tensor, " R"] | None) -> Any:
    """Probabilities of the fused model from its logits; everything else as it is."""
    if isinstance(value, Mapping):
        return {name: _finished(part, key, temperature) for name, part in value.items()}
    if key == "logits":
        return cooled(value, temperature)
    if key.startswith(("probabilities", "subset_probabilities:", "mc_probabilities")):
        return cooled(value, temperature).softmax(dim=-1)
    return value


def _heads(
    network: Network,
    parameters: Parameters,
    samples: Samples,
    temperature: Float[Tensor, " R"] | None,
) -> list[Callable[[Tensor, Tensor], Tensor]]:
    """The last layer of each run by itself, so that its bits depend on no other."""

    def head_of(own: Parameters, cool: Tensor | None) -> Callable[[Tensor, Tensor], Tensor]:
        def head(inputs: Tensor, rows: Tensor) -> Tensor:
            observed = None if samples.observed is None else samples.observed[rows][None]
            return cooled(network.head(own, inputs[None], observed), cool)[0]

        return head

    runs = len(next(iter(parameters.values())))
    return [
        head_of(
            {name: value[r : r + 1] for name, value in parameters.items()},
            None if temperature is None else temperature[r : r + 1],
        )
        for r in range(runs)
    ]


def _recombined(
    network: Network,
    parameters: Parameters,
    samples: Samples,
    key: str,
    masks: Float[Tensor, "R T H"] | None,
    temperature: Float[Tensor, " R"] | None,
) -> list[Callable[[Tensor], Tensor]]:
    """Of each run; the mean over the members of an ensemble, or each one's as a draw."""
    ensemble = members(network, parameters) > 1

    def of(r: int) -> Callable[[Tensor], Tensor]:
        own = {
            name: value[r] if ensemble else value[r : r + 1] for name, value in parameters.items()
        }
        factors = masks[r] if masks is not None and key == "mc_recombined" else None
        logits = recombined(network, own, samples, factors)
        cool = None if temperature is None else temperature[r : r + 1]

        def answer(rows: Tensor) -> Tensor:
            each = logits(rows)
            if key == "recombined":
                each = each.log_softmax(dim=2).logsumexp(dim=0) if ensemble else each[0]
            return cooled(each[None], cool)[0].softmax(dim=-1)

        return answer

    return [of(r) for r in range(len(next(iter(parameters.values()))))]


def _masks(
    network: Network, parameters: Parameters, keys: Sequence[tuple[str | int, ...]]
) -> Float[Tensor, "R T H"]:
    """Factors for the layer before the head, 0 or 1/(1-p), drawn from each run's own stream.

    A pass is one draw of the weights (Gal et al. 2017), so all samples share its mask; then a
    sample's answers depend neither on its place in the pool nor on the chunks, and passes are
    comparable over samples, which joint entropies need (Kirsch et al. 2019).
    """
    if network.dropout == 0:
        raise MindgapError(
            "mc_probabilities need a learner with dropout: without it all passes are the same"
        )
    one = next(iter(parameters.values()))
    if len(keys) != len(one):
        raise ValueError(f"mc_probabilities of {len(one)} runs need as many keys, not {len(keys)}")
    shape = (PASSES, network.dropout_width)
    kept = [stream("passes", *key).random(shape, np.float32) >= network.dropout for key in keys]
    factors = np.stack(kept) / np.float32(1 - network.dropout)
    return torch.from_numpy(factors).to(one.device)


def _unimodal(output: Output, mask: Bool[Tensor, "R N M"]) -> dict[str, Float[Tensor, "R N C"]]:
    return {
        name: torch.where(mask[:, :, m, None], logits.softmax(dim=2), torch.nan)
        for m, (name, logits) in enumerate(output.unimodal_logits.items())
    }


def _columns(names: tuple[str, ...], subset: Subset, device: torch.device) -> Bool[Tensor, " M"]:
    return torch.tensor([name in subset for name in names], device=device)


def _room(part: Any, count: int) -> Any:
    """Where answers for `count` samples go, which are the last axis but one: kept chunk by chunk,
    they would leave holes in memory that together are as large as they."""
    if isinstance(part, Mapping):
        return {key: _room(value, count) for key, value in part.items()}
    return part.new_empty(*part.shape[:-2], count, part.shape[-1])


def _put(part: Any, whole: Any, where: slice) -> None:
    """A chunk's answers into their place."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            _put(value, whole[key], where)
    else:
        whole[..., where, :] = part
