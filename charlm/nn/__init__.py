"""The mathematics: parameters, cells, layers, losses, optimisers, gradient checks. NumPy only.

Start with `charlm.nn.reference`, which has the cells in plain NumPy; `lstm`, `gru` and `rnn` have the equations of
the backward pass beside those of the forward pass. Code that exists for speed alone is in `charlm.nn.kernels`.

Letters, everywhere: T time, N streams, D input features, E embedding, H hidden units, V vocabulary, P parameters,
G gates. A sequence is (T, N, features), a state (N, H), ids are (T, N), as in PyTorch. Equations are written for
one stream; N streams are rows, ``z = x W_xᵀ + h₋ W_hᵀ + b``.
"""

from charlm.nn.arrays import Lookup
from charlm.nn.attention import dot_attention
from charlm.nn.bidirectional import Bidirectional, BidirectionalState
from charlm.nn.clipping import clip_norm_, clip_value_, global_norm
from charlm.nn.dropout import Dropout
from charlm.nn.embedding import Embedding
from charlm.nn.gradient_check import GradientCheck, check_gradients
from charlm.nn.gru import GRU, GRUState
from charlm.nn.kernels.workspace import Workspace
from charlm.nn.linear import Linear
from charlm.nn.losses import cross_entropy, log_softmax, sigmoid_cross_entropy, squared_error, target_nats
from charlm.nn.lstm import LSTM, LSTMState
from charlm.nn.luong import LuongAttention
from charlm.nn.ngrams import NgramSum, known_ngrams
from charlm.nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from charlm.nn.padding import forward_padded, pad_left, pad_right
from charlm.nn.parameters import ParameterStore, join
from charlm.nn.rnn import RNN, RNNState
from charlm.nn.schedules import rate_factor
from charlm.nn.stack import Stack
from charlm.nn.update_gate import with_other_update_gate

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Bidirectional",
    "BidirectionalState",
    "Dropout",
    "Embedding",
    "GRUState",
    "GradientCheck",
    "LSTMState",
    "Linear",
    "Lookup",
    "LuongAttention",
    "NgramSum",
    "Optimizer",
    "ParameterStore",
    "RMSprop",
    "RNNState",
    "Stack",
    "Workspace",
    "check_gradients",
    "clip_norm_",
    "clip_value_",
    "cross_entropy",
    "dot_attention",
    "forward_padded",
    "global_norm",
    "join",
    "known_ngrams",
    "log_softmax",
    "pad_left",
    "pad_right",
    "rate_factor",
    "sigmoid_cross_entropy",
    "squared_error",
    "target_nats",
    "with_other_update_gate",
]
