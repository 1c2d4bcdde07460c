"""The released network of arXiv 2507.03251 as Keras begins it."""

from __future__ import annotations

from torch import nn  # noqa: TID253

from serbench_plugins.networks.attention_cnn import ChannelAttention, PaperAttentionCnn


class ReleasedCnn(PaperAttentionCnn):
    """The released architecture with Keras's first weights: Glorot's uniform ones, and biases of 0.

    The perceptron of channel attention begins as the released code says, with He's normal weights (Keras cuts them off
    at two standard deviations; here they are not).
    """

    def __init__(self, length: int, n_classes: int, *, attention: str, width: int = 256, penalty: float = 1e-3) -> None:
        super().__init__(length, n_classes, attention=attention, width=width, penalty=penalty)
        said = {id(layer) for gate in self.modules() if isinstance(gate, ChannelAttention) for layer in gate.modules()}
        for layer in self.modules():
            if isinstance(layer, nn.Conv1d | nn.Linear) and id(layer) not in said:
                nn.init.xavier_uniform_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)


__all__ = ["ReleasedCnn"]
