from __future__ import annotations

import pytest

from serbench.api import ModelCard, Recipe, TorchModel


class Small(TorchModel):
    """A one-layer network over the mean of a segment."""

    card = ModelCard(name="small", version="1", summary="a test model", features=("mfcc",), chooses_on_dev=True)
    recipe = Recipe(epochs=12, batch_size=8, learning_rate=0.05, segment=16)

    def build(self, input_shape, n_classes):
        from torch import nn

        class Mean(nn.Module):
            def __init__(self):
                super().__init__()
                self.norm = nn.BatchNorm1d(input_shape[1])
                self.drop = nn.Dropout(0.1)
                self.out = nn.Linear(input_shape[1], n_classes)

            def forward(self, x):
                return self.out(self.drop(self.norm(x.mean(dim=1))))

        return Mean()


@pytest.fixture(scope="session", autouse=True)
def _imported():
    """Import once what draws from the global generators while it is imported."""
    import sklearn.preprocessing  # noqa: F401


@pytest.fixture(autouse=True)
def _own_random_numbers():
    """Let a test build networks from torch's global generator without a trace."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture
def small():
    return Small
