"""`read_units`: the activations of a model's units after each character of a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.pieces import Pieces
from charlm.analysis.surprisal import Progress
from charlm.config import OnUnknown
from charlm.errors import CorpusError, UsageError
from charlm.models.language_model import CharModel
from charlm.models.learner import check_finite, check_kind
from charlm.models.predictor import Predictor
from charlm.nn.arrays import FloatArray, IdArray
from charlm.nn.kernels.workspace import Workspace
from charlm.text.batches import document_stream, encode_documents
from charlm.text.vocabulary import Vocabulary

__all__ = [
    "EncodedText",
    "UnitValues",
    "check_network",
    "encode_text",
    "read_units",
    "symbol_names",
    "traces",
    "unit_count",
    "unit_name",
]

_STEPS = 256
_MOST_NUMBERS = 2**24  # values of all units that are held at once: 64 MB


class EncodedText(NamedTuple):
    """A text as a model reads it.

    Parameters
    ----------
    ids : ndarray of int, shape (T,)
    resets : ndarray of bool, shape (T,), optional
        Symbols before which the state is zero: the beginnings of documents.
    """

    ids: IdArray
    resets: NDArray[np.bool_] | None

    def pieces(self, vocabulary: Vocabulary) -> tuple[tuple[str, ...], NDArray[np.intp]]:
        """Return the parts of the text that are whole characters, and the index of the last symbol of each.

        A stop symbol is a line feed.
        """
        found = Pieces(vocabulary, self.ids)
        return tuple(name or "\n" for name in found.names), found.ends


@dataclass(frozen=True, slots=True, eq=False)
class UnitValues:
    """Activations after each piece of a text.

    Parameters
    ----------
    pieces : tuple of str, length n
    values : ndarray, shape (n, U)
        tanh(c) of an LSTM, h of the other cells; the units of the lowest layer first.
    """

    pieces: tuple[str, ...]
    values: FloatArray


def check_network(model: CharModel) -> None:
    """Raise an error for a model that cannot be inspected.

    Raises
    ------
    UsageError
        For a model of another kind.
    DivergedError
        If a weight is not finite.
    """
    check_kind(model, CharModel)
    check_finite(model.params.value)


def encode_text(model: Predictor, text: str, *, on_unknown: OnUnknown = "error") -> EncodedText:
    """Encode a text for one stream.

    For a model of documents, each non-blank line starts from zero state and the stop symbol, which stands for a
    line feed; a last one ends the text.

    Raises
    ------
    CorpusError
        If the text has no symbol.
    VocabularyError
        For a character that is not in the vocabulary.
    """
    vocabulary = model.vocabulary
    stop_id = vocabulary.stop_id
    if stop_id is None:
        ids = vocabulary.encode(text, on_unknown=on_unknown)
        if not ids.size:
            raise CorpusError("the text has no symbol that the model knows; give a longer one")
        return EncodedText(ids, None)
    documents = encode_documents(vocabulary, text, on_unknown=on_unknown)
    if not documents:
        raise CorpusError("the text has no document, that is no line that is not blank; give at least one")
    stream = document_stream(documents, stop_id)
    return EncodedText(stream, stream == stop_id)


def symbol_names(vocabulary: Vocabulary) -> list[str]:
    r"""Return each symbol as text, by id: a line feed for the stop symbol, the value of a byte beyond ASCII.

    Examples
    --------
    >>> print(*symbol_names(Vocabulary.from_text("bé", unit="byte")))
    b \xa9 \xc3
    """
    names = [vocabulary.decode([k]) or "\n" for k in range(len(vocabulary))]
    if vocabulary.unit == "byte":
        names = [
            f"\\x{s:02x}" if isinstance(s, int) and s > 0x7F else names[k] for k, s in enumerate(vocabulary.symbols)
        ]
    return names


def traces(
    model: CharModel, text: EncodedText, *, progress: Progress | None = None
) -> Iterator[tuple[slice, list[dict[str, FloatArray]]]]:
    """Read a text from zero state and yield every activation of each layer, window by window.

    Memory does not grow with the length of the text.

    Yields
    ------
    steps : slice
        The symbols of the window.
    layers : list of dict
        As for `SymbolStack.trace`, with arrays (t, 1, H); the next window overwrites them.
    """
    workspace, state = Workspace(), model.zero_state(1)
    T = len(text.ids)
    for start in range(0, T, _STEPS):
        steps = slice(start, min(start + _STEPS, T))
        resets = None if text.resets is None else text.resets[steps, None]
        layers, state = model.trace(
            text.ids[steps, None].astype(np.intp), state, resets=resets, workspace=workspace
        )
        if progress is not None:
            progress(steps.stop, T)
        yield steps, layers


def unit_count(model: CharModel) -> int:
    """Return the number of units of all layers."""
    return model.config.layers * model.config.hidden_size


def unit_name(model: CharModel, unit: int) -> str:
    """Return a unit's number, with its layer where there are several.

    Examples
    --------
    >>> from charlm import ModelConfig, Vocabulary
    >>> model = CharModel(ModelConfig(hidden_size=8, layers=2), Vocabulary.from_text("ab"))
    >>> unit_name(model, 3), unit_name(model, 11)
    ('3 (layer 1)', '11 (layer 2)')
    """
    return f"{unit}" if model.config.layers == 1 else f"{unit} (layer {unit // model.config.hidden_size + 1})"


def read_units(
    model: CharModel,
    text: str,
    *,
    units: Sequence[int] | None = None,
    on_unknown: OnUnknown = "error",
    progress: Progress | None = None,
) -> UnitValues:
    """Read a text and return the activations of units after each of its characters.

    Parameters
    ----------
    model : CharModel
    text : str
        Of all units, only its first 16 million values ÷ units characters are read.
    units : sequence of int, optional
        Numbers of units, counted through the layers from 0; all when left out.
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters outside the vocabulary.
    progress : callable, optional
        Called with the symbols read so far and the symbols of the text.

    Returns
    -------
    UnitValues

    Raises
    ------
    UsageError
        For a unit that the model does not have.
    CorpusError, VocabularyError
        As for `encode_text`.
    """
    check_network(model)
    U = unit_count(model)
    for unit in units or ():
        if not 0 <= unit < U:
            raise UsageError(f"unit {unit} is not in this model; its units are 0 to {U - 1}")
    columns = np.arange(U) if units is None else np.array(units, np.intp)
    longest = max(1, _MOST_NUMBERS // len(columns))
    encoded = encode_text(model, text[:longest], on_unknown=on_unknown)
    pieces, ends = encoded.pieces(model.vocabulary)
    values = np.empty((len(pieces), len(columns)), model.params.dtype)
    for steps, layers in traces(model, encoded, progress=progress):
        shown = [np.tanh(layer["c"]) if "c" in layer else layer["h"] for layer in layers]
        first, last = np.searchsorted(ends, [steps.start, steps.stop])
        places = ends[first:last] - steps.start
        values[first:last] = np.concatenate([one[places, 0] for one in shown], axis=1)[:, columns]
    return UnitValues(pieces, values)
