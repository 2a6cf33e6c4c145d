"""What is said about a pattern before anything is written."""

from __future__ import annotations

import typer

from charlm.config import SampleConfig

__all__ = ["warn_of_pattern"]


def warn_of_pattern(config: SampleConfig) -> None:
    """Say on standard error why a pattern is not regular, if there is one and it is not.

    Raises
    ------
    UsageError
        For what is no pattern: at once, before a model is loaded.
    """
    if config.regex or config.template:
        from charlm.generation.constraint import warning

        words = warning(config)
        if words is not None:
            typer.echo(f"warning: {words}", err=True)
