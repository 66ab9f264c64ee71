"""Every fusion and handler once more: one sample, one run, plain PyTorch, loops over modalities."""

import math

import numpy as np
import torch
from torch.nn import functional

from mindgap.learners.fleet import BANK
from mindgap.seeding import stream


def layer(p, name, x):
    return p[f"{name}.weight"].T @ x + p[f"{name}.bias"]


def hidden(p, name, x):
    """A layer, normalised over its units where it has a scale, and a ReLU; units come last."""
    x = x @ p[f"{name}.weight"] + p[f"{name}.bias"]
    if f"{name}.scale" in p:
        x = functional.layer_norm(x, x.shape[-1:], p[f"{name}.scale"], p[f"{name}.shift"])
    return x.relu()


def encode(learner, p, name, x):
    if name in learner.frozen:
        return layer(p, f"{name}.encoder", x)
    if x.ndim == 1:
        return hidden(p, f"{name}.encoder2", hidden(p, f"{name}.encoder1", x))
    x = x.T if x.ndim == 2 else x  # channels first
    axes = x.ndim - 1
    kernel, most = ((5,), 16) if axes == 1 else ((3, 3), 6)
    convolve = functional.conv1d if axes == 1 else functional.conv2d
    for number in (1, 2):
        weight = p[f"{name}.convolution{number}.weight"].T
        weight = weight.reshape(len(weight), *kernel, x.shape[0]).movedim(-1, 1)
        bias = p[f"{name}.convolution{number}.bias"]
        x = convolve(x[None], weight, bias, stride=2, padding=kernel[0] // 2)[0]
        if f"{name}.convolution{number}.scale" in p:  # over the channels of each place
            affine = (p[f"{name}.convolution{number}.{part}"] for part in ("scale", "shift"))
            x = functional.layer_norm(x.movedim(0, -1), x.shape[:1], *affine).movedim(-1, 0)
        x = x.relu()
    groups = [math.ceil(n / most) for n in x.shape[1:]]
    gaps = [-n % g for n, g in zip(x.shape[1:], groups, strict=True)]
    x = functional.pad(x, [side for gap in reversed(gaps) for side in (0, gap)])
    pool = functional.avg_pool1d if axes == 1 else functional.avg_pool2d
    x = pool(x[None], groups)[0].movedim(0, -1)  # places, then channels
    return hidden(p, f"{name}.encoder", x.flatten())


def read(learner, p, shape, z, observed, absent):
    """What the fusion reads of every modality, and which of them are in use."""
    names = list(shape.modalities)
    everything = dict.fromkeys(names, True)
    seen = {}
    for name in names:
        one = torch.ones(1, dtype=z[name].dtype)
        if observed[name]:
            seen[name] = torch.cat([z[name], one]) if learner.missing == "zero" else z[name]
        elif absent == "zero":
            seen[name] = torch.zeros(len(z[name]) + (learner.missing == "zero"), dtype=one.dtype)
        elif learner.missing == "token":
            seen[name] = p[f"{name}.token"]
        elif learner.missing == "zero":
            blank = torch.zeros(shape.modalities[name], dtype=one.dtype)
            seen[name] = torch.cat([encode(learner, p, name, blank), 0 * one])
        elif learner.missing == "regression":
            guesses = [layer(p, f"{k}.to.{name}", z[k]) for k in names if observed[k]]
            seen[name] = sum(guesses, torch.zeros_like(z[name])) / max(1, len(guesses))
        else:
            seen[name] = torch.zeros_like(z[name])
    leaves_out = learner.missing in ("masked", "experts", "complete") and learner.skips
    used = observed if leaves_out and absent != "zero" else everything
    return seen, used


def softmax_over(scores, used):
    """Over those in use; where none is, all count the same."""
    chosen = [name for name in scores if used[name]]
    if not chosen:
        return {name: torch.ones_like(s) / len(scores) for name, s in scores.items()}
    weights = torch.stack([scores[name] for name in chosen]).softmax(dim=0)
    found = dict(zip(chosen, weights, strict=True))
    return {name: found.get(name, torch.zeros_like(scores[name])) for name in scores}


def fuse(learner, p, seen, used):
    """The input of the last layer."""
    kind, names = type(learner).__name__, list(seen)
    inside = [name for name in names if used[name]]
    if kind == "Concat":
        return hidden(p, "hidden", torch.cat(list(seen.values())))
    if kind == "ConcatLinear" or (kind == "Late" and learner.missing == "experts"):
        return torch.cat(list(seen.values()))
    if kind == "Late":
        return torch.cat([seen[n] * used[n] / max(1, len(inside)) for n in names])
    if kind == "Gated":
        scores = layer(p, "gate", torch.cat(list(seen.values()))).view(len(names), -1)
        gates = softmax_over(dict(zip(names, scores, strict=True)), used)
        return sum(gates[n] * layer(p, f"{n}.value", seen[n]).tanh() for n in names)
    if kind == "LowRank":
        h = 0.0
        for i in range(learner.rank):
            product = torch.ones(learner.hidden, dtype=torch.float64)
            for n in inside:
                weight = p[f"{n}.factor.weight"][:, i * learner.hidden : (i + 1) * learner.hidden]
                bias = p[f"{n}.factor.bias"][i * learner.hidden : (i + 1) * learner.hidden]
                product = product * (weight.T @ seen[n] + bias)
            h = h + product
        return h
    tokens = {n: seen[n] + p["types"][m] for m, n in enumerate(names)}
    size = learner.feature // learner.heads
    if kind == "Attention":
        parts = {
            n: layer(p, "attention", t).view(3, learner.heads, size) for n, t in tokens.items()
        }
        mixed = {n: [] for n in names}
        for n in names:
            for h in range(learner.heads):
                scores = {o: parts[n][0, h] @ parts[o][1, h] / math.sqrt(size) for o in names}
                weights = softmax_over(scores, used)
                mixed[n].append(sum(weights[o] * parts[o][2, h] for o in names))
        after = {n: tokens[n] + layer(p, "attended", torch.cat(mixed[n])) for n in names}
        none = torch.zeros_like(tokens[names[0]])
        mean = sum((after[n] for n in inside), none) / max(1, len(inside))
        return hidden(p, "hidden", mean)
    assert kind == "Bottleneck"
    gathered = []
    for t in range(learner.tokens):
        heads = []
        for h in range(learner.heads):
            scores = {
                n: (p["scores.weight"].T @ tokens[n]).view(learner.tokens, learner.heads)[t, h]
                for n in names
            }
            weights = softmax_over(scores, used)
            values = {n: layer(p, "values", tokens[n]).view(learner.heads, size)[h] for n in names}
            heads.append(sum(weights[n] * values[n] for n in names))
        gathered.append(p["bottlenecks"][t] + layer(p, "attended", torch.cat(heads)))
    return hidden(p, "hidden", torch.cat(gathered))


def classify(learner, p, shape, embedding, used):
    if learner.missing != "experts":
        return layer(p, "head", embedding)[: shape.n_classes]
    names = list(shape.modalities)
    parts = dict(zip(names, embedding.split(learner.feature), strict=True))
    experts = {n: layer(p, f"{n}.expert", parts[n])[: shape.n_classes] for n in names}
    inside = [n for n in names if used[n]]
    total = sum((experts[n].log_softmax(0) for n in inside), torch.zeros(shape.n_classes))
    return total - (len(inside) - 1) * p["log_prior"]


def forward(learner, p, shape, x, observed, absent="token", keep=1.0):
    """Logits, embedding and embeddings of one sample; `x` and `observed` by modality."""
    z = {name: encode(learner, p, name, x[name]) for name in x}
    seen, used = read(learner, p, shape, z, observed, absent)
    embedding = fuse(learner, p, seen, used)
    return classify(learner, p, shape, embedding * keep, used), embedding, z


def hide(observed, noise, rate):
    """Modality dropout: one of several observed modalities goes, with probability `rate`."""
    there = [name for name in observed if observed[name]]
    if noise[0] >= rate or len(there) < 2:
        return observed
    lot = dict(zip(observed, noise[1:], strict=True))
    gone = min(there, key=lambda name: lot[name])
    return {name: observed[name] and name != gone for name in observed}


def plainly(learner, p, step, fused, own):
    """Sum all losses and go down."""
    loss = fused
    for losses in own.values():
        if losses:
            loss = loss + (learner.unimodal_weight or 1) * torch.stack(losses).mean()
    loss.backward()


def train(learner, shape, network, samples, row, backward=plainly):
    """One run in plain PyTorch, sample by sample, in double precision.

    `backward` leaves gradients in parameters, given the multimodal loss and lists of unimodal ones.
    """
    drawn = network.initial(stream("init", *row.key))
    p = {name: torch.tensor(v, dtype=torch.float64).requires_grad_() for name, v in drawn.items()}
    optimiser = torch.optim.AdamW(
        p.values(), lr=learner.learning_rate, weight_decay=learner.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=learner.steps)
    names, size = list(shape.modalities), learner.batch
    labelled, labels = row.labelled.tolist(), row.labels.tolist()
    frequencies = [(labels.count(c) + 1) / (len(labels) + shape.n_classes) for c in range(9)]
    prior = torch.tensor(frequencies[: shape.n_classes], dtype=torch.float64).log()
    if learner.missing == "complete":
        whole = [i for i, sample in enumerate(labelled) if samples.mask()[sample].all()]
        labelled, labels = [labelled[i] for i in whole], [labels[i] for i in whole]
    n = len(labelled)
    passes = np.tile(np.arange(n), (math.ceil(learner.steps * size / n), 1))
    order = stream("batches", *row.key).permuted(passes, axis=1).ravel()

    def bank(purpose, width):
        values = stream(purpose, *row.key).random((BANK + size, width), np.float32)
        starts = stream(f"{purpose} offsets", learner.steps).integers(BANK, size=learner.steps)
        return [values[start : start + size] for start in starts]

    kept = bank("dropout", network.dropout_width)
    noise = bank("modality dropout", len(names) + 1)
    for step in range(learner.steps):
        fused, own, pairs = [], {name: [] for name in names}, {}
        for b in range(size):
            i = order[step * size + b]
            sample, label = labelled[i], torch.tensor(labels[i])
            x = {name: samples.inputs[name][sample].double() for name in names}
            observed = dict(zip(names, samples.mask()[sample].tolist(), strict=True))
            shown = hide(observed, noise[step][b], learner.modality_dropout)
            keep = torch.from_numpy(kept[step][b] >= learner.dropout).double()
            keep = keep / (1 - learner.dropout)
            everything = {**p, "log_prior": prior}
            logits, _, z = forward(learner, everything, shape, x, shown, keep=keep)
            fused.append(functional.cross_entropy(logits, label))
            for name in names:
                if observed[name]:
                    attached = learner.unimodal_weight or learner.balance in ("gblend", "mmpareto")
                    features = z[name] if attached else z[name].detach()
                    mine = layer(p, f"{name}.head", features)[: shape.n_classes]
                    own[name].append(functional.cross_entropy(mine, label))
            if learner.missing == "regression":
                for a in names:
                    for c in names:
                        if a != c and observed[a] and observed[c]:
                            error = layer(p, f"{a}.to.{c}", z[a]) - z[c].detach()
                            pairs.setdefault((a, c), []).append((error**2).mean())
        loss = torch.stack(fused).mean()
        for errors in pairs.values():
            loss = loss + torch.stack(errors).mean()
        optimiser.zero_grad()
        backward(learner, p, step, loss, own)
        for value in p.values():
            if value.grad is None:  # not in this batch; its momentum goes on nevertheless
                value.grad = torch.zeros_like(value)
        optimiser.step()
        schedule.step()
    return {name: value.detach() for name, value in p.items()}
