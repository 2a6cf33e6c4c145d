"""`evaluate`: the loss of a model on a text, in nats, bits and perplexity."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from charlm.analysis.dynamic import dynamic_surprisal
from charlm.analysis.members import MemberLoss, members_of, read_together
from charlm.analysis.pieces import characters_begun
from charlm.analysis.surprisal import Progress, chunk_steps, document_surprisal, surprisal
from charlm.config import DynamicConfig, OnUnknown
from charlm.display import NotebookValue
from charlm.errors import CorpusError
from charlm.models.predictor import Predictor, check_predictor
from charlm.nn.arrays import IdArray
from charlm.text.batches import document_stream, encode_documents

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True, slots=True)
class Evaluation(NotebookValue):
    """The loss of a model on a text.

    Nats and perplexity are per *symbol*, the model's unit, like its training loss: models of the same unit can be
    compared. Bits are per *character* (code point) for every unit: all models can be compared. For a model of
    characters, ``bits_per_char = nats / ln 2``.

    Parameters
    ----------
    nats : float
        Mean −ln p of a predicted symbol.
    bits_per_char : float
        Sum of −log₂ p of the predicted symbols, divided by `characters`.
    characters : int
        Code points of the predicted symbols: all but the first of a text, which is not predicted; with a stop
        symbol all of the documents, and one for the end of each.
    symbols : int
        Predicted symbols: characters, bytes or graphemes, and the ends of documents.
    members : tuple of MemberLoss
        What each network and the counts of a mixture predict alone; of another model, its own loss.
    """

    nats: float
    bits_per_char: float
    characters: int
    symbols: int
    members: tuple[MemberLoss, ...] = field(default=(), repr=False)

    @property
    def perplexity(self) -> float:
        """The number of equally likely symbols with the same loss: e to the nats; inf beyond float64's range."""
        return math.exp(self.nats) if self.nats < 709 else math.inf


def evaluate(
    model: Predictor,
    text: str,
    *,
    on_unknown: OnUnknown = "error",
    dynamic: DynamicConfig | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Predict each symbol of a text from all before it, and return the loss.

    The text is one stream, read from zero state in chunks with the state carried over. For a model with a stop
    symbol, every non-blank line is a document, read from zero state and the stop symbol; its end counts.

    Parameters
    ----------
    model : Predictor
    text : str
    on_unknown : {"error", "skip", "replace"}
        Treatment of characters outside the vocabulary.
    dynamic : DynamicConfig, optional
        Dynamic evaluation of a network, counts or a mixture of them: a copy learns from each segment of the text
        after predicting it, documents in their order. For a network that takes as long as training on the text as
        one stream.
    progress : callable, optional
        Called with the number of symbols predicted so far and their total.

    Returns
    -------
    Evaluation

    Raises
    ------
    UsageError
        If the model predicts no text, or is none that dynamic evaluation knows.
    CorpusError
        If there is nothing to predict.
    VocabularyError
        For a character outside the vocabulary.
    DivergedError
        If the model's output is not finite.
    """
    check_predictor(model)
    members = list(members_of(model))
    vocabulary, stop_id = model.vocabulary, model.vocabulary.stop_id
    begun = characters_begun(vocabulary)
    if stop_id is None:
        ids = vocabulary.encode(text, on_unknown=on_unknown)
        if ids.size < 2:
            raise CorpusError(f"the text has {ids.size} symbols; give at least 2, since the first is not predicted")
        if dynamic is None:
            steps = chunk_steps(model, 1)
            chunks = [
                (nats[:, 0] for nats in surprisal(member, ids[:, None], steps=steps)) for member, _ in members
            ]
            sums, losses = read_together(members, chunks, ids.size - 1, progress=progress)
        else:
            sums, losses = dynamic_surprisal(model, ids, dynamic, progress=progress)
        symbols, characters = ids.size - 1, _total(begun, ids[1:])
        characters += int(begun[ids[1]] == 0)  # the other bytes of the first character are predicted
    else:
        documents = encode_documents(vocabulary, text, on_unknown=on_unknown)
        if not documents:
            raise CorpusError("the text has no document, that is no line that is not blank; give at least one")
        symbols = sum(ids.size + 1 for ids in documents)
        if dynamic is None:
            read = [(nats for _, nats in document_surprisal(member, documents, stop_id)) for member, _ in members]
            sums, losses = read_together(members, read, symbols, progress=progress)
        else:
            stream = document_stream(documents, stop_id)
            resets = stream[:-1] == stop_id
            sums, losses = dynamic_surprisal(model, stream, dynamic, resets=resets, progress=progress)
        characters = sum(_total(begun, ids) + 1 for ids in documents)
    total = math.fsum(sums)
    return Evaluation(total / symbols, total / math.log(2) / characters, characters, symbols, losses)


def _total(values: NDArray[np.intp], ids: IdArray) -> int:
    """Sum the values of all ids, in parts: an array of the values of a long text would be eight times its size."""
    return sum(int(values[ids[start : start + 2**16]].sum()) for start in range(0, ids.size, 2**16))
