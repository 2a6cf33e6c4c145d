"""Names of options that fingers know from other programs: taken everywhere, shown nowhere.

An underscore is as good as a hyphen. The table holds, for a command, what else an option is called: by char-rnn and
torch-rnn, nanoGPT, llama.cpp, Hugging Face's `generate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["ALIASES", "normalizer"]

_WRITING = {
    "primetext": "prompt",
    "prime": "prompt",
    "prefix": "prompt",
    "start": "prompt",
    "start-text": "prompt",
    "max-new-tokens": "length",
    "n-predict": "length",
    "typical": "typical-p",
    "repetition-penalty": "repeat-penalty",
    "num-beams": "beam",
    "beam-size": "beam",
    "beam-width": "beam",
}

ALIASES: Mapping[str, Mapping[str, str]] = {
    "sample": {
        **_WRITING,
        "num-samples": "count",
        "nsamples": "count",
        "num-return-sequences": "count",
    },
    "console": _WRITING,
    "transduce": {name: option for name, option in _WRITING.items() if option in ("length", "beam")},
}


def normalizer(command: str) -> Callable[[str], str]:
    """Return a function from an option's name as it is typed, without its hyphens, to the one it goes by.

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
