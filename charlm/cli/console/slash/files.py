"""Commands for files: saved conversations, and the text with its styles."""

from __future__ import annotations

import os
from pathlib import Path

from charlm.checkpoint import atomic_file
from charlm.cli.console.slash.context import FORCE, Context, without_force
from charlm.cli.sampling.checks import refuse_drawing
from charlm.conversation import load_conversation, save_conversation, spans
from charlm.errors import UsageError
from charlm.ui.console import view
from charlm.ui.page.conversation import FORMATS

__all__ = ["export", "load", "save"]


def save(context: Context, rest: str) -> None:
    """Write the conversation to a file."""
    path = _new_file("/save", rest)
    talk, models = context.conversation, context.models
    writer = " ".join(f"{models.name(one)}:{weight:g}" for one, weight in models.shares(talk.model).items())
    left_out = save_conversation(talk, path, writer=writer)
    context.show(view.note(f"saved in {str(path)!r}"))
    if left_out:
        context.show(view.note(f"without {left_out} of the branches: another model's"))


def load(context: Context, rest: str) -> None:
    """Continue a conversation from a file."""
    found = load_conversation(context.conversation, _file("/load", rest))
    if not found.same:
        named = f", {found.writer}" if found.writer else ""
        context.show(view.note(f"another model wrote it{named}; this one has read the text again"))
    if context.beam:
        try:
            refuse_drawing(context.conversation.config)
        except UsageError:
            context.beam = 0
            context.show(view.note("beam off: its settings are those of sampling"))
    context.show_end()
    context.show(view.note(f"seed {context.conversation.seed}"))


def export(context: Context, rest: str) -> None:
    """Write the text as a page, a picture or a plain file."""
    path = _new_file("/export", rest)
    write = FORMATS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{path.name[-60:]!r} tells no format; let the name end in {', '.join(FORMATS)}")
    model = context.conversation.model
    title = view.model_card(model).plain
    content = write(spans(context.conversation.last), f"charlm: {title}, seed {context.conversation.seed}")
    with atomic_file(path) as file:
        file.write(content.encode("utf-8"))
    context.show(view.note(f"written to {str(path)!r}"))


def _new_file(command: str, rest: str) -> Path:
    """Return the output file.

    Raises
    ------
    UsageError
        If it exists without ``--force``, or is not a regular file.
    """
    name, force = without_force(rest)
    path = _file(command, name)
    if os.path.lexists(path):
        if not (path.is_file() or path.is_symlink()):
            raise UsageError(f"{str(path)!r} is no regular file; choose another name")
        if not force:
            raise UsageError(f"{str(path)!r} exists; choose another name, or replace it with {command} {FORCE}")
    return path


def _file(command: str, name: str) -> Path:
    if not name:
        raise UsageError(f"{command} needs a file; give its name")
    try:
        if "\0" in name:
            raise ValueError
        os.fsencode(name)
    except ValueError:
        raise UsageError(f"{name[:60]!r} cannot name a file; choose another name") from None
    return Path(os.path.expanduser(name))  # noqa: PTH111  # Path's own fails for a home that does not exist
