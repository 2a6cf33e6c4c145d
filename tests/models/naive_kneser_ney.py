"""Modified Kneser–Ney smoothing with dictionaries, a scalar at a time."""

from __future__ import annotations

from collections import Counter

__all__ = ["LEAST_DISCOUNT", "Oracle"]

LEAST_DISCOUNT = 0.05


class Oracle:
    """The equations at the top of `charlm.models.ngram`."""

    def __init__(self, ids: list[int], size: int, order: int, stop: int | None = None) -> None:
        self.size, self.order = size, order
        self.top = [Counter(zip(*(ids[j:] for j in range(k)), strict=False)) for k in range(1, order + 1)]
        if stop is not None:  # a document ends there, and the next begins
            self.top = [Counter({g: c for g, c in counts.items() if stop not in g[1:-1]}) for counts in self.top]
        self.low = [Counter(gram[1:] for gram in self.top[k]) for k in range(1, order)]
        for k in range(2, order):
            self.low[k - 1] |= Counter({g: c for g, c in self.top[k - 1].items() if g[0] == stop})
        self.rules = {id(c): self._discounts(c) for c in (*self.top, *self.low)}

    @staticmethod
    def _discounts(counts: Counter[tuple[int, ...]]) -> dict[int, float]:
        n = [0] + [max(sum(c == j for c in counts.values()), 1) for j in (1, 2, 3, 4)]
        y = n[1] / (n[1] + 2 * n[2])
        rules = {j: min(max(j - (j + 1) * y * n[j + 1] / n[j], LEAST_DISCOUNT), j) for j in (1, 2, 3)}
        return {0: 0.0} | rules

    def _level(self, counts: Counter[tuple[int, ...]], history: tuple[int, ...], x: int, backing: float) -> float:
        rules = self.rules[id(counts)]
        found = {gram[-1]: c for gram, c in counts.items() if gram[:-1] == history}
        total = sum(found.values())
        if not total:
            return backing
        freed = sum(rules[min(c, 3)] for c in found.values())
        c = found.get(x, 0)
        return (c - rules[min(c, 3)] + freed * backing) / total

    def p(self, history: tuple[int, ...], x: int, order: int) -> float:
        result = 1 / self.size
        for k in range(1, order):
            if k - 1 <= len(history):
                result = self._level(self.low[k - 1], history[len(history) - k + 1 :], x, result)
        if order - 1 <= len(history):
            result = self._level(self.top[order - 1], history[len(history) - order + 1 :], x, result)
        return result
