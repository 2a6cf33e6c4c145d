"""Loss curves as PNG, by Pillow: the extra ``png``."""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any

from charlm.extras import load_extra
from charlm.ui.plot.picture import TEXT_SIZE, Dot, Line, Picture, Shape

__all__ = ["check_png", "to_png"]

SCALE = 2  # pixels a unit of the page, as on most screens
FINER = 2  # scale of the painting before shrinking, which antialiases Pillow's lines

_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def check_png() -> None:
    """Raise a `UsageError` if Pillow is not installed."""
    _pillow("Image")


def to_png(picture: Picture) -> bytes:
    """Paint a picture as PNG.

    Raises
    ------
    UsageError
        If Pillow is not installed.
    """
    pillow, unit = _pillow("Image"), SCALE * FINER
    image = pillow.new("RGB", (picture.width * unit, picture.height * unit), "#ffffff")
    brush = _pillow("ImageDraw").Draw(image)
    font = _pillow("ImageFont").load_default(TEXT_SIZE * unit)
    for shape in picture.shapes:
        _paint(brush, shape, unit, font)
    file = io.BytesIO()
    image.resize((picture.width * SCALE, picture.height * SCALE), pillow.Resampling.BOX).save(file, "PNG")
    return file.getvalue()


def _pillow(module: str) -> ModuleType:
    return load_extra(f"PIL.{module}", package="Pillow", extra="png", wanted_by="png")


def _paint(brush: Any, shape: Shape, unit: int, font: Any) -> None:
    match shape:
        case Line():
            points = [(x * unit, y * unit) for x, y in shape.points]
            width = round(shape.width * unit)
            if shape.dashed:  # only horizontal lines
                (left, y), (right, _) = points
                for begin in range(round(left), round(right), 6 * unit):
                    brush.line([(begin, y), (min(begin + 2 * unit, right), y)], fill=shape.colour, width=width)
            else:
                brush.line(points, fill=shape.colour, width=width, joint="curve")
        case Dot():
            x, y, r = shape.at[0] * unit, shape.at[1] * unit, shape.radius * unit
            brush.ellipse([x - r, y - r, x + r, y + r], fill=shape.colour)
        case _:
            at = (shape.at[0] * unit, shape.at[1] * unit)
            weight = unit / 3 if shape.bold else 0
            brush.text(
                at,
                shape.text,
                shape.colour,
                font,
                _ANCHORS[shape.anchor],
                stroke_width=weight,
                stroke_fill=shape.colour,
            )
