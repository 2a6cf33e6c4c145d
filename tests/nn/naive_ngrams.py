"""The n-grams of a sequence one at a time and in Python's integers: the oracle of `charlm.nn.ngrams`."""

from __future__ import annotations

from collections.abc import Sequence

BEGINNING, END, FIRST = 1, 2, 3


def naive_hashes(symbols: Sequence[int], longest: int) -> list[int]:
    """Return the hash of every n-gram of a sequence between its beginning and its end."""
    codes = [BEGINNING, *(FIRST + int(symbol) for symbol in symbols), END]
    hashes = []
    for n in range(1, longest + 1):
        for begin in range(len(codes) - n + 1):
            h = 0
            for code in codes[begin : begin + n]:
                h = (h * 0x9E3779B1 + code) % 2**32
            hashes.append(h)
    return hashes


def naive_rows(symbols: Sequence[int], longest: int, known: Sequence[int]) -> list[int]:
    """Return the row of every n-gram of a sequence that is known, and of no other."""
    row = {int(h): place for place, h in enumerate(known)}
    return [row[h] for h in naive_hashes(symbols, longest) if h in row]
