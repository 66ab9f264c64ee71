"""Networks as users write them, one for each way in which they may need care."""

import torch
from torch import nn

from mindgap.learners import ModuleLearner, Output
from mindgap.tasks import TaskShape

VECTORS = TaskShape({"a": (5,), "b": (7,)}, 3)


class Plain(nn.Module):
    """An encoder a modality, concatenation, a head; `middle` makes the difference."""

    def __init__(self, shape, middle=nn.Identity, width=9):
        super().__init__()
        self.encoders = nn.ModuleDict()
        for name, size in shape.modalities.items():
            norm = middle()
            # a bias under a BatchNorm has no gradient but noise, which Adam makes large
            biased = not isinstance(norm, nn.BatchNorm1d)
            parts = [nn.Linear(size[-1], width, bias=biased), norm, nn.ReLU()]
            if len(size) > 1:  # sequences (channels, time): convolve, then average over time
                parts = [nn.Conv1d(size[0], width, 3), nn.ReLU(), Mean()]
            self.encoders[name] = nn.Sequential(*parts)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(width, shape.n_classes) for name in self.encoders}
        )
        self.head = nn.Linear(width * len(self.encoders), shape.n_classes)

    def forward(self, inputs, observed):
        encoded = {name: encoder(inputs[name]) for name, encoder in self.encoders.items()}
        embedding = torch.cat(list(encoded.values()), dim=1)
        heads = {name: self.heads[name](z.detach()) for name, z in encoded.items()}
        return Output(self.head(embedding), embedding, heads, encoded)


class Changed(Plain):
    """Says something else than it should."""

    def __init__(self, shape, change, **settings):
        super().__init__(shape, **settings)
        self.change = change

    def forward(self, inputs, observed):
        return self.change(super().forward(inputs, observed))


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(dim=-1)


class Recurrent(nn.Module):
    """A GRU that reads a vector as a sequence of numbers."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 9, batch_first=True)

    def forward(self, x):
        return self.gru(x[..., None])[0][:, -1]


class Branching(nn.Module):
    """Goes where the data tell it to."""

    def forward(self, x):
        return x * 2 if x.sum() > 0 else x


class Attending(nn.Module):
    """A transformer layer over the numbers of a vector."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Linear(1, 4)
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)

    def forward(self, x):
        return self.layer(self.wide(x[..., None]))[..., 0]


class Projecting(nn.Module):
    """A random projection that is kept, not trained, and a frozen scale."""

    def __init__(self):
        super().__init__()
        self.register_buffer("projection", torch.randn(9, 9))
        self.scale = nn.Parameter(torch.rand(9), requires_grad=False)

    def forward(self, x):
        return x @ self.projection * self.scale


MIDDLES = {
    "mlp": nn.Identity,
    "layer_norm": lambda: nn.LayerNorm(9),
    "group_norm": lambda: nn.GroupNorm(3, 9),
    "batch_norm": lambda: nn.BatchNorm1d(9),
    "transformer": Attending,
    "projection": Projecting,
    "gru": Recurrent,
    "branching": Branching,
}


class Own(ModuleLearner):
    """A network with something in the middle."""

    middle = "mlp"

    def module(self, shape):
        return Plain(shape, MIDDLES[self.middle])


def own(middle="mlp", **settings):
    """A learner with that middle."""
    return type("Own", (Own,), {"middle": middle})(**settings)
