"""Commands that write and read files: conversations, and the text as it looks."""

from __future__ import annotations

import os
from pathlib import Path

from charlm.cli.beams import refuse_drawing
from charlm.cli.console.slash.desk import FORCE, Desk, Next, without_force
from charlm.conversation.turns import runs
from charlm.errors import UsageError
from charlm.ui.console import view

__all__ = ["export", "load", "save"]


def save(desk: Desk, rest: str) -> Next:
    """Write the conversation to a file."""
    from charlm.conversation.files import save_conversation

    path = _new_file("/save", rest)
    left_out = save_conversation(desk.conversation, path)
    desk.show(view.note(f"saved in {str(path)!r}"))
    if left_out:
        desk.show(view.note(f"without {left_out} of the branches: another model's"))
    return "prompt"


def load(desk: Desk, rest: str) -> Next:
    """Go on with a conversation from a file."""
    from charlm.conversation.files import load_conversation

    same = load_conversation(desk.conversation, _file("/load", rest))
    if not same:
        desk.show(view.note("another model wrote it; this one has read the text anew"))
    if desk.beam:
        try:
            refuse_drawing(desk.conversation.config)
        except UsageError:
            desk.beam = 0
            desk.show(view.note("beam off: its settings are about drawing"))
    desk.show_end()
    desk.show(view.note(f"seed {desk.conversation.seed}"))
    return "prompt"


def export(desk: Desk, rest: str) -> Next:
    """Write the text as it looks to a page, a picture or a plain file."""
    from charlm.checkpoint import atomic_file
    from charlm.ui.page.conversation import FORMATS

    path = _new_file("/export", rest)
    write = FORMATS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{path.name[-60:]!r} tells no format; let the name end in {', '.join(FORMATS)}")
    model = desk.conversation.model
    title = view.model_card(model.config, len(model.vocabulary), model.params.value.size).plain
    content = write(runs(desk.conversation.last), f"charlm: {title}, seed {desk.conversation.seed}")
    with atomic_file(path) as file:
        file.write(content.encode("utf-8"))
    desk.show(view.note(f"written to {str(path)!r}"))
    return "prompt"


def _new_file(command: str, rest: str) -> Path:
    """Return the file that is to be written.

    Raises
    ------
    UsageError
        If it exists and is not to be replaced, or is no regular file.
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
