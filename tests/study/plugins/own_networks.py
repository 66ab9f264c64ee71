"""Networks of a user's own: one that can't be stacked, one that breaks the contract."""

import torch
from torch import nn

from mindgap.learners import ModuleLearner, Output


class Reading(nn.Module):
    """Reads every modality, number by number, with a GRU."""

    def __init__(self, shape, classes):
        super().__init__()
        self.names = list(shape.modalities)
        self.gru = nn.GRU(1, 8, batch_first=True)
        self.head = nn.Linear(8 * len(self.names), classes)

    def forward(self, inputs, observed):
        read = {name: self.gru(inputs[name][..., None])[0][:, -1] for name in self.names}
        embedding = torch.cat(list(read.values()), dim=1)
        return Output(self.head(embedding), embedding, {}, read)


class Gru(ModuleLearner):
    """A recurrent network."""

    unimodal_heads = False

    def module(self, shape):
        return Reading(shape, shape.n_classes)


class OneTooMany(ModuleLearner):
    """One class more than there are."""

    unimodal_heads = False

    def module(self, shape):
        return Reading(shape, shape.n_classes + 1)


class Doomed(Reading):
    """Some runs are lucky; the loss of the others is NaN from the sixth step on."""

    def __init__(self, shape, classes):
        super().__init__(shape, classes)
        self.register_buffer("lucky", torch.rand(()) < 0.8)
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, inputs, observed):
        output = super().forward(inputs, observed)
        if self.training:
            self.steps += 1
        doomed = ~self.lucky & (self.steps > 5)
        logits = torch.where(doomed, torch.nan, output.logits)
        return Output(logits, output.embedding, {}, output.unimodal_embeddings)


class Diverging(ModuleLearner):
    """Diverges in some runs."""

    unimodal_heads = False

    def module(self, shape):
        return Doomed(shape, shape.n_classes)
