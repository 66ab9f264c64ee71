"""Networks of a user's own that can't be trained, each with the sentence that says why."""

import pytest
import torch
from modules import VECTORS, Changed, Plain
from torch import nn
from torch.utils.checkpoint import checkpoint

from mindgap.learners import ModuleLearner


def replaced(**fields):
    """The same output but for some fields; unchecked, as it is where users run it."""

    def replace(output):
        for name, value in fields.items():
            object.__setattr__(output, name, value)
        return output

    return replace


WRONG_OUTPUTS = {
    "forward must return Output(logits, embedding": lambda o: o.logits,
    "logits of shape (3, 2), not (3, 3), which is (samples, classes)": lambda o: replaced(
        logits=o.logits[:, :2]
    )(o),
    "embedding of shape (2, 18), not (3, any)": lambda o: replaced(embedding=o.embedding[:2])(o),
    "unimodal_logits of ['a'], not of the modalities ['a', 'b']; without such heads, set": (
        lambda o: replaced(unimodal_logits={"a": o.unimodal_logits["a"]})(o)
    ),
    "unimodal_logits['b'] of shape (3, 9), not (3, 3)": lambda o: replaced(
        unimodal_logits={"a": o.unimodal_logits["a"], "b": o.unimodal_embeddings["b"]}
    )(o),
    "unimodal_embeddings of ['image'], not of": lambda o: replaced(
        unimodal_embeddings={"image": o.embedding}
    )(o),
    "embedding as torch.float64, not as float32": lambda o: replaced(
        embedding=o.embedding.double()
    )(o),
    "logits that isn't finite": lambda o: replaced(logits=o.logits / 0)(o),
    "forward raises KeyError: 'c'": lambda o: o.unimodal_logits["c"],
    "forward draws random numbers": lambda o: replaced(logits=o.logits + torch.rand_like(o.logits))(
        o
    ),
}


@pytest.mark.parametrize("told", WRONG_OUTPUTS)
def test_a_broken_output_is_named_by_field_and_shape(told):
    class Wrong(ModuleLearner):
        def module(self, shape):
            return Changed(shape, WRONG_OUTPUTS[told])

    assert told in Wrong().supports(VECTORS)


def plain_with(**parts):
    module = Plain(VECTORS)
    for name, part in parts.items():
        setattr(module, name, part)
    return module


ONE = Plain(VECTORS)
WRONG_MODULES = {
    "module() must return an nn.Module, not str": lambda: "network",
    "module() must build a new network at every call": lambda: ONE,
    "parameter 'lazy.weight' has no shape yet": lambda: plain_with(lazy=nn.LazyLinear(3)),
    "parameter 'wide' is torch.float64": lambda: plain_with(
        wide=nn.Parameter(torch.zeros(1).double())
    ),
    "has no parameters to train": lambda: nn.Identity(),
    "two networks built with the same seed differ": lambda: plain_with(
        numpy=nn.Parameter(torch.tensor(next(COUNTER)))
    ),
    "module() raises ZeroDivisionError": lambda: 1 / 0,
    "as self.encoders.a.1 (Dropout), self.encoders.b.1 (Dropout) does": lambda: Plain(
        VECTORS, lambda: nn.Dropout(0.2)
    ),
    "BatchNorm can't learn from batches of one": lambda: Plain(VECTORS, lambda: nn.BatchNorm1d(9)),
    "forward replaces the buffer 'encoders.a.1.mean'": lambda: Plain(VECTORS, Replacing),
    "forward writes into the parameter 'encoders.a.1.embedding.weight', as": lambda: Plain(
        VECTORS, lambda: Embedded(max_norm=0.1)
    ),
    "gradient of 'encoders.a.1.embedding.weight' is sparse: leave out": lambda: Plain(
        VECTORS, lambda: Embedded(sparse=True)
    ),
    "a step of training raises RuntimeError: function StuckBackward returned": lambda: Plain(
        VECTORS, lambda: Calling(Stuck.apply)
    ),
    "forward writes into inputs['b']": lambda: Overwriting(VECTORS),
    "numbers, which would depend on other runs: leave them out": lambda: Plain(
        VECTORS, lambda: Calling(nn.functional.dropout)
    ),
    "read weights as self.NAME in forward": lambda: Plain(VECTORS, Listing),
    "keep random tensors with self.register_buffer": lambda: Plain(VECTORS, Projecting),
    "don't recompute with torch.utils.checkpoint": lambda: Plain(VECTORS, Recomputing),
    "the module has no head": lambda: Renamed(VECTORS),
    "is something else than logits": lambda: Changed(
        VECTORS, lambda o: replaced(logits=o.logits * 2)(o)
    ),
}
COUNTER = (float(i) for i in range(1000))


class Replacing(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(9))

    def forward(self, x):
        self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(dim=0)
        return x - self.mean


class Embedded(nn.Module):
    def __init__(self, **settings):
        super().__init__()
        self.embedding = nn.Embedding(2, 9, **settings)

    def forward(self, x):
        return x + self.embedding((x[:, 0] > 0).long())


class Stuck(torch.autograd.Function):
    """Goes forward, but not back."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return gradient, gradient


class Overwriting(Plain):
    def forward(self, inputs, observed):
        inputs["b"].mul_(2)
        return super().forward(inputs, observed)


class Calling(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Listing(nn.Module):
    """Reads its weight from a list, where no other can be lent to it."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(9))
        self.all = [self.weight]

    def forward(self, x):
        return x * self.all[0]


class Projecting(nn.Module):
    """A random tensor that is no buffer."""

    def __init__(self):
        super().__init__()
        self.fixed = torch.randn(9, 9)

    def forward(self, x):
        return x @ self.fixed


class Recomputing(nn.Module):
    """Goes forward again in backward, when nothing is lent to it any more."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(9, 9)

    def forward(self, x):
        return checkpoint(
            lambda y: self.layer(y).tanh(), x, use_reentrant=False, preserve_rng_state=False
        )


class Renamed(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.plain = Plain(shape)

    def forward(self, inputs, observed):
        return self.plain(inputs, observed)


@pytest.mark.parametrize("told", WRONG_MODULES)
def test_a_module_that_cannot_be_trained_is_refused(told):
    class Wrong(ModuleLearner):
        def module(self, shape):
            return WRONG_MODULES[told]()

    settings = {"batch": 1} if "BatchNorm" in told else {}
    assert told in Wrong(dropout=0.1, **settings).supports(VECTORS)
