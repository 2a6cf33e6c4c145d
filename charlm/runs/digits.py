"""Numbers with the digits that matter: as few as tell different ones apart."""

from __future__ import annotations

__all__ = ["told_apart"]

_MOST = 17  # significant digits tell any two floats apart
_LARGE = 1e6  # from here on in exponent form


def told_apart(*values: float, least: int = 3, most: int = _MOST, zeros: bool = True) -> list[str]:
    """Format numbers with as few significant digits as give different numbers different texts.

    Parameters
    ----------
    *values : float
    least, most : int
        Significant digits, at least and at most.
    zeros : bool
        Whether zeros at the end count as digits: "2.00" or "2".

    Examples
    --------
    >>> told_apart(2.0, 1.5), told_apart(1.004, 1.0011), told_apart(0.5**1.5, 12000.0, least=4, zeros=False)
    (['2.00', '1.50'], ['1.004', '1.001'], ['0.3536', '12000'])
    """
    for digits in range(least, most + 1):
        texts = [_rounded(value, digits, "#" if zeros else "") for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def _rounded(value: float, digits: int, kind: str) -> str:
    text = format(value, f"{kind}.{digits}g").removesuffix(".")
    return format(value, ".0f") if "e" in text and 1 <= abs(value) < _LARGE else text
