"""The interactive console: it reads typed input, and a conversation continues or a slash command runs.

``start``
    The model is loaded, the streams are prepared, and a session begins.
``session``
    Its loop.
``step_mode``, ``candidates``
    The two modes, in which input has another meaning.
``slash``
    The commands.
``typed_input``, ``line_reader``, ``history``, ``keys``
    From the keyboard or a pipe to typed input.
``transcript``
    From the conversation to the screen or a pipe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlm.lazy import loader

if TYPE_CHECKING:
    from charlm.cli.console.start import start_session

__all__ = ["start_session"]

__getattr__ = loader(globals(), {"start": "start_session"})
