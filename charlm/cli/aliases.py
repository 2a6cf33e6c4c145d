"""Aliases: names of options in other programs, accepted everywhere and shown nowhere.

An underscore is equivalent to a hyphen. The table holds the aliases of each command's options, from char-rnn,
torch-rnn, nanoGPT, llama.cpp and Hugging Face's `generate`. Those of a setting stand with its declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from charlm.config import SampleConfig
from charlm.config.settings import settings_of

__all__ = ["ALIASES", "normalizer"]

_PROMPT = dict.fromkeys(("primetext", "prime", "prefix", "start", "start-text"), "prompt")
_COUNT = dict.fromkeys(("num-samples", "nsamples", "num-return-sequences"), "count")
_BEAM = dict.fromkeys(("num-beams", "beam-size", "beam-width"), "beam")
_SAMPLING = {alias: one.names[0] for one in settings_of(SampleConfig).values() for alias in one.aliases.split()}
_LENGTH = {alias: name for alias, name in _SAMPLING.items() if name == "length"}

ALIASES: Mapping[str, Mapping[str, str]] = {
    "sample": {**_PROMPT, **_SAMPLING, **_COUNT, **_BEAM},
    "console": {**_PROMPT, **_SAMPLING, **_BEAM},
    "transduce": {**_LENGTH, **_BEAM},
}


def normalizer(command: str) -> Callable[[str], str]:
    """Return a function from an option's name as it is typed, without leading hyphens, to its own name.

    Examples
    --------
    >>> normalizer("sample")("max_new_tokens")
    'length'
    """
    aliases = ALIASES.get(command, {})

    def normalize(name: str) -> str:
        hyphenated = name.replace("_", "-")
        return aliases.get(hyphenated, hyphenated)

    return normalize
