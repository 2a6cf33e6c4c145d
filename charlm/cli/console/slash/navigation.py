"""Commands that go back, anew, and from branch to branch."""

from __future__ import annotations

from charlm.cli.console.slash.desk import FORCE, Desk, Next, without_force
from charlm.conversation.turns import BRANCH_NAME, end_of, length
from charlm.errors import UsageError
from charlm.ui.console import view

__all__ = ["branch", "branches", "clear", "retry", "return_to", "undo"]


def undo(desk: Desk, _rest: str) -> Next:
    """Go back to before the last turn."""
    desk.conversation.undo()
    return desk.show_end()


def retry(desk: Desk, _rest: str) -> Next:
    """Take the last answer back and let the model try again."""
    desk.conversation.retry()
    return "answer"


def clear(desk: Desk, _rest: str) -> Next:
    """Begin a new text."""
    desk.conversation.clear()
    return desk.show_end()


def branch(desk: Desk, rest: str) -> Next:
    """Keep the present place under a name."""
    talk = desk.conversation
    name, force = without_force(rest)
    name = name or next(str(k) for k in range(1, len(talk.branches) + 2) if str(k) not in talk.branches)
    if not BRANCH_NAME.fullmatch(name):
        raise UsageError(
            f"{name[:60]!r} cannot name a branch; give letters, digits, '_', '-' and '.', at most 40 of them"
        )
    if name in talk.branches and not force:
        raise UsageError(f"there is a branch {name!r}; choose another name, or move it here with {FORCE}")
    talk.branches[name] = talk.place()
    desk.show(view.note(f"branch {name} is here, at {talk.characters:,} characters; /return {name} comes back"))
    return "prompt"


def branches(desk: Desk, _rest: str) -> Next:
    """List the branches."""
    kept = desk.conversation.branches
    desk.show(
        view.branches({name: (length(place.last), end_of(place.last, view.TAIL)) for name, place in kept.items()})
    )
    return "prompt"


def return_to(desk: Desk, rest: str) -> Next:
    """Go to a branch, or back from there."""
    desk.conversation.return_to(rest or None)
    return desk.show_end()
