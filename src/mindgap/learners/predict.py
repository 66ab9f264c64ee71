"""What trained networks say of a data set, in chunks, by the names that strategies ask for."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mindgap.learners.network import Network, Output, Parameters
from mindgap.learners.samples import Samples
from mindgap.tasks.subsets import Subset, subsets

#: Samples a chunk: measured fastest between 256 and 1024 for small networks.
CHUNK = 512


@torch.no_grad()
def predict(
    network: Network, parameters: Parameters, samples: Samples, want: Set[str]
) -> dict[str, Any]:
    """Answer every key of `want` for R networks on the same N samples.

    Args:
        parameters: of R runs.
        want: "probabilities", "unimodal_probabilities" (NaN where not observed), "embeddings",
            "unimodal_embeddings", "subset_probabilities:token", "subset_probabilities:zero".

    Returns:
        key -> tensor (R, N, ...), or a mapping of such by modality or subset.
    """
    if not want:
        return {}
    chunks = []
    for start in range(0, len(samples), CHUNK):
        part = samples.slice(start, start + CHUNK)
        chunks.append(_answer(network, parameters, part, want))
    return {key: _join([chunk[key] for chunk in chunks]) for key in want}


def _answer(
    network: Network, parameters: Parameters, samples: Samples, want: Set[str]
) -> dict[str, Any]:
    runs = len(next(iter(parameters.values())))
    inputs = {name: x.expand(runs, *x.shape) for name, x in samples.inputs.items()}
    encoded = network.encode(parameters, inputs)
    mask = samples.mask().expand(runs, -1, -1)
    output = network.fuse(parameters, encoded, None if samples.observed is None else mask)
    answers: dict[str, Any] = {}
    for key in want:
        if key == "probabilities":
            answers[key] = output.logits.softmax(dim=2)
        elif key == "embeddings":
            answers[key] = output.embedding
        elif key == "unimodal_embeddings":
            answers[key] = dict(output.unimodal_embeddings)
        elif key == "unimodal_probabilities":
            answers[key] = _unimodal(output, mask)
        elif key.startswith("subset_probabilities:"):
            absent = key.partition(":")[2]
            names = tuple(samples.inputs)
            answers[key] = {
                subset: network.fuse(
                    parameters, encoded, mask & _columns(names, subset, mask.device), absent
                ).logits.softmax(dim=2)
                for subset in subsets(names)
            }
        else:
            raise LookupError(f"no learner answers {key!r}")
    return answers


def _unimodal(output: Output, mask: Bool[Tensor, "R N M"]) -> dict[str, Float[Tensor, "R N C"]]:
    return {
        name: torch.where(mask[:, :, m, None], logits.softmax(dim=2), torch.nan)
        for m, (name, logits) in enumerate(output.unimodal_logits.items())
    }


def _columns(names: tuple[str, ...], subset: Subset, device: torch.device) -> Bool[Tensor, " M"]:
    return torch.tensor([name in subset for name in names], device=device)


def _join(parts: list[Any]) -> Any:
    if isinstance(parts[0], Mapping):
        return {key: torch.cat([part[key] for part in parts], dim=1) for key in parts[0]}
    return torch.cat(parts, dim=1)
