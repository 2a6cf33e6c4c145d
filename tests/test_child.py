"""Messages between processes; the processes themselves are tested with what they are for."""

from __future__ import annotations

import io

import pytest

from charlm.child import receive, send


@pytest.mark.parametrize("message", [{}, {"text": "é\ud800\n", "numbers": [1, 0.1, float("inf")]}])
def test_a_message_comes_as_it_was_sent(message: dict[str, object]) -> None:
    stream = io.BytesIO()
    send(stream, message)
    send(stream, {"last": True})
    stream.seek(0)
    assert [receive(stream), receive(stream), receive(stream)] == [message, {"last": True}, None]


def test_a_message_that_was_cut_off_is_none() -> None:
    assert receive(io.BytesIO(b'{"whole": true}')) is None
