"""`Counts`: an n-gram model of a text that steps like a network."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm.errors import CorpusError
from charlm.models.learner import State
from charlm.models.network import Stepper
from charlm.models.ngram import LONGEST_TRAINING, NgramModel
from charlm.models.ngram_growth import GrowingNgrams
from charlm.models.ngram_trie import NgramTrie
from charlm.nn.arrays import FloatArray, IdArray, Resets, check_ids
from charlm.text.vocabulary import Vocabulary

__all__ = ["LONGEST_ORDER", "Counts", "CountsState"]

LONGEST_ORDER = 10
_CHUNK = 2**16  # symbols of a text at once


class CountsState(NamedTuple):
    """The state of N streams: the last symbols of each, as the contexts that they form.

    Parameters
    ----------
    contexts : ndarray of float64, shape (N, order − 1)
        Column k: the node of `NgramTrie` for the (k + 1)-gram that ends the stream's text; 0 if the counted text
        does not have it.
    """

    contexts: NDArray[np.float64]


class Counts:
    """The modified Kneser–Ney model of a text: ln p of all V symbols, given the last symbols of each stream.

    The probabilities are those of `NgramModel` of the same order: exact, positive, of sum 1. Nothing is learnt
    while it reads: `growing` is the model that does.

    Parameters
    ----------
    vocabulary : Vocabulary
    ids : ndarray of int, shape (n,)
        The text; if the vocabulary has a stop symbol, documents with one before each and after the last, as
        `charlm.text.batches.document_stream` returns them. Of a longer one the last `LONGEST_TRAINING` count.
    order : int
        The longest context has ``order`` − 1 symbols.

    Raises
    ------
    CorpusError
        If there is no symbol.

    Notes
    -----
    Each distinct k-gram of the text, of each order k, takes at most 28 bytes: 71 MB for the 2.9 million of a
    million characters of Shakespeare. They are made at the first use. That takes a quarter of a second for a
    million symbols, three times that memory, and 50 bytes a symbol. A step finds the k-gram of each order by one
    binary search.

    References
    ----------
    .. [1] Chen & Goodman (1998), "An Empirical Study of Smoothing Techniques for Language Modeling", section 3.

    Examples
    --------
    >>> vocabulary = Vocabulary.from_text("abracadabra")
    >>> counts = Counts(vocabulary, vocabulary.encode("abracadabra"), order=3)
    >>> log_p, state = counts.stepper()(vocabulary.encode("b")[0], counts.zero_state(1))
    >>> np.exp(log_p).round(2).tolist()  # a, b, c, d, r
    [0.36, 0.1, 0.1, 0.1, 0.33]
    """

    kind: ClassVar[str] = "table of counts"

    def __init__(self, vocabulary: Vocabulary, ids: IdArray, *, order: int = LONGEST_ORDER) -> None:
        if not len(ids):
            raise CorpusError("there is no symbol to count; give a longer text")
        check_ids(ids, len(vocabulary))
        self.vocabulary, self._longest = vocabulary, order
        self._ids = ids[-LONGEST_TRAINING:].astype(np.min_scalar_type(len(vocabulary) - 1))

    def __repr__(self) -> str:
        return f"Counts(order {self._longest}, {len(self.vocabulary)} symbols)"

    @cached_property
    def _trie(self) -> NgramTrie:
        ids, V = self._ids.astype(np.intp), len(self.vocabulary)
        return NgramTrie(NgramModel(ids, V, order=self._longest, stop_id=self.vocabulary.stop_id))

    @property
    def order(self) -> int:
        """The order, at most the given one: the text may have no k-gram so long."""
        return self._trie.order

    @property
    def hidden_size(self) -> int:
        """The order: one more than the numbers of a stream's state."""
        return self._longest

    @property
    def work(self) -> int:
        """Multiplications a symbol: one for each symbol and order."""
        return self._longest * len(self.vocabulary)

    def describe(self) -> dict[str, Any]:
        """Return everything but the text that a checkpoint stores, for JSON."""
        return {"order": self._longest}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the text, from which the tables are made again: the ids as small integers, (n,)."""
        return {"ids": self._ids}

    def surprisal(self, ids: IdArray) -> NDArray[np.float64]:
        """Return −ln p of each symbol of a text (n,), given those before it, in nats; all at once."""
        check_ids(ids, len(self.vocabulary))
        lead, parts = self.order - 1, list[NDArray[np.float64]]()
        for start in range(0, len(ids), _CHUNK):
            first = max(start - lead, 0)
            parts.append(-np.log(self._trie.text_probabilities(ids[first : start + _CHUNK])[start - first :]))
        return np.concatenate(parts)

    def growing(self) -> GrowingNgrams:
        """Return a copy that reads on from the end of the text, and counts what it reads."""
        return GrowingNgrams(self._ids, len(self.vocabulary), order=self._longest, stop_id=self.vocabulary.stop_id)

    def zero_state(self, streams: int) -> State:
        """Return the state of N streams that have read nothing."""
        width = self._longest - 1  # by the given order, so that nothing is counted for it
        return (CountsState(np.zeros((streams, width))),)

    def stepper(self, streams: int | None = None, *, cores: int | None = None) -> Stepper:  # noqa: ARG002  it uses one
        """Return a function that reads one symbol a stream: ``(ids (N,), state) -> (ln p (N, V), state)``.

        Without N: one id, ln p (V,) and a state of arrays (order − 1,).
        """
        if streams is None:
            return self._stepper_of_one()

        def step(ids: IdArray | int, state: State) -> tuple[FloatArray, State]:
            log_p, after = self.logits(np.reshape(ids, (1, -1)), state)
            return log_p[0], after

        return step

    def _stepper_of_one(self) -> Stepper:
        read, order, longest = self._trie.reader(), self.order, self._longest

        def step(ids: IdArray | int, state: State) -> tuple[FloatArray, State]:
            (contexts,) = state[0]
            nodes, p = read(int(ids), [0, *contexts.tolist()[: order - 1]])
            after = np.zeros(longest)
            after[: len(nodes)] = nodes
            return np.log(p, p), (CountsState(after[1:]),)

        return step

    def logits(
        self, ids: IdArray, state: State | None = None, *, resets: Resets | None = None
    ) -> tuple[FloatArray, State]:
        """Read a whole sequence.

        Parameters
        ----------
        ids : ndarray of int, shape (T, N)
        state : State, optional
            By default zero.
        resets : ndarray of bool, shape (T, N), optional
            Inputs before which their stream's text is forgotten.

        Returns
        -------
        log_p : ndarray of float64, shape (T, N, V)
            ln p, nats.
        state : State
        """
        (T, N), V = ids.shape, len(self.vocabulary)
        check_ids(ids, V)
        (before,) = (self.zero_state(N) if state is None else state)[0]
        contexts = np.zeros((T + 1, N, self.order), np.int64)
        contexts[0, :, 1:] = self._trie.known(before[:, : self.order - 1])
        # a context extends that of one symbol less at the step before; of a single step, all those are known
        at_once = max(self.order - 1, 1) if T == 1 else 1
        for k in range(1, self.order, at_once):
            shorter = contexts[:-1, :, k - 1 : k - 1 + at_once]
            if resets is not None:
                shorter = shorter * ~resets[..., None]
            contexts[1:, :, k : k + at_once] = self._trie.after(shorter, ids, from_empty=k == 1)
        p = self._trie.probabilities(contexts[1:].reshape(T * N, self.order))
        after = np.zeros((N, self._longest - 1))
        after[:, : self.order - 1] = contexts[-1, :, 1:]
        return np.log(p, p).reshape(T, N, V), (CountsState(after),)
