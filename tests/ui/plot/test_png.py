from __future__ import annotations

import io

import pytest

from charlm.errors import UsageError
from charlm.ui.plot.curves import curves_of
from charlm.ui.plot.picture import COLOURS, draw_picture
from charlm.ui.plot.png import SCALE, check_png, to_png
from tests.runs.curves import falling, history_of


def test_without_pillow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(UsageError, match=r'`png` needs Pillow.*pip install "charlm-toolkit\[png\]"'):
        check_png()


def test_a_picture() -> None:
    image = pytest.importorskip("PIL.Image", reason="the extra png")
    history = history_of(falling(1.5), falling(1.6))
    picture = draw_picture([curves_of("日本 \x1b[31m", history)], axis="steps")
    with image.open(io.BytesIO(to_png(picture))) as painted:
        assert painted.format == "PNG"
        assert painted.size == (picture.width * SCALE, picture.height * SCALE)
        colours = {colour for _, colour in painted.convert("RGB").getcolors(1 << 20)}
    assert (255, 255, 255) in colours
    assert tuple(bytes.fromhex(COLOURS[0][1:])) in colours
