"""`neighbours`: the symbols whose input vectors are most alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from charlm.analysis.inspection.reading import check_network, symbol_names
from charlm.models.language_model import CharModel

__all__ = ["Neighbour", "neighbours"]

_MOST = 2000  # symbols whose similarities are computed


class Neighbour(NamedTuple):
    """A symbol, and the cosine of the angle between its vector and another's."""

    symbol: str
    cosine: float


def neighbours(model: CharModel, *, count: int = 5) -> dict[str, list[Neighbour]]:
    """Return the most similar symbols of each symbol, by the cosine of their input vectors.

    The vector of a symbol is its embedding, or its column of ``W_x`` of the lowest layer.

    Parameters
    ----------
    model : CharModel
    count : int
        Neighbours of each symbol.

    Returns
    -------
    dict of list of Neighbour
        By symbol, in the vocabulary's order, without special symbols: the first 2,000. Bytes
        beyond ASCII are named by their values.

    Raises
    ------
    DivergedError
        If a weight of the model is not finite.
    """
    check_network(model)
    vocabulary = model.vocabulary
    W = model.params["embedding.W" if model.config.embedding_size else "layers.0.W_x"]
    special = {vocabulary.unknown_id, vocabulary.stop_id}
    ids = np.array([k for k in range(len(vocabulary)) if k not in special][:_MOST], np.intp)
    vectors = W[:, ids].astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=0), 1e-12)
    cosines = vectors.T @ vectors
    np.fill_diagonal(cosines, -np.inf)
    every = symbol_names(vocabulary)
    names = [every[k] for k in ids]
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, : min(count, len(ids) - 1)]
    return {
        name: [Neighbour(names[other], float(cosines[k, other])) for other in nearest[k]]
        for k, name in enumerate(names)
    }
