"""The mathematics: parameters, cells, layers, losses, optimisers, gradient checks. NumPy only."""

from charlm.nn.arrays import Lookup
from charlm.nn.clipping import clip_norm_, clip_value_, global_norm
from charlm.nn.dropout import Dropout
from charlm.nn.embedding import Embedding
from charlm.nn.gradient_check import GradientCheck, check_gradients
from charlm.nn.gru import GRU, GRUState
from charlm.nn.linear import Linear
from charlm.nn.losses import cross_entropy, log_softmax, squared_error, target_nats
from charlm.nn.lstm import LSTM, LSTMState
from charlm.nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from charlm.nn.parameters import ParameterStore
from charlm.nn.rnn import RNN, RNNState
from charlm.nn.schedules import rate_factor
from charlm.nn.stack import Stack
from charlm.nn.workspace import Workspace

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Dropout",
    "Embedding",
    "GRUState",
    "GradientCheck",
    "LSTMState",
    "Linear",
    "Lookup",
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
    "global_norm",
    "log_softmax",
    "rate_factor",
    "squared_error",
    "target_nats",
]
