"""Navigation commands: undo, retry, a new text, branches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from charlm.cli.console.slash.context import FORCE, Context, Outcome, without_force
from charlm.cli.console.slash.mixing import show_members
from charlm.conversation.turns import BRANCH_NAME, text_end, text_length
from charlm.errors import UsageError
from charlm.ui.console import view

__all__ = ["branch", "branches", "clear", "retry", "return_to", "undo"]


def undo(context: Context, _rest: str) -> None:
    """Restore the conversation before the last turn."""
    with _shown_changes(context):
        context.conversation.undo()


def retry(context: Context, _rest: str) -> Outcome:
    """Remove the last continuation and let the model write another."""
    context.conversation.retry()
    return "generate"


def clear(context: Context, _rest: str) -> None:
    """Begin a new text."""
    context.conversation.clear()
    context.show_end()


def branch(context: Context, rest: str) -> None:
    """Store a snapshot under a name."""
    talk = context.conversation
    name, force = without_force(rest)
    name = name or next(str(k) for k in range(1, len(talk.branches) + 2) if str(k) not in talk.branches)
    if not BRANCH_NAME.fullmatch(name):
        raise UsageError(
            f"{name[:60]!r} cannot name a branch; give letters, digits, '_', '-' and '.', at most 40 of them"
        )
    if name in talk.branches and not force:
        raise UsageError(f"there is a branch {name!r}; choose another name, or move it here with {FORCE}")
    talk.branches[name] = talk.snapshot()
    context.show(view.note(f"branch {name} is here, at {talk.characters:,} characters; /return {name} comes back"))


def branches(context: Context, _rest: str) -> None:
    """List the branches."""
    ends = {name: snapshot.last for name, snapshot in context.conversation.branches.items()}
    rows = {name: (text_length(last), text_end(last, view.TAIL)) for name, last in ends.items()}
    context.show(view.branches(rows))


def return_to(context: Context, rest: str) -> None:
    """Return to a branch, or back from it."""
    with _shown_changes(context):
        context.conversation.return_to(rest or None)


@contextlib.contextmanager
def _shown_changes(context: Context) -> Iterator[None]:
    """Show the end of the text after a move, and the model if it is another one."""
    before = context.conversation.model
    yield
    context.show_end()
    if context.conversation.model is not before:
        show_members(context)
