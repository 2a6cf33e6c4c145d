"""The frame of a page of HTML that is well-formed XML, too, and loads nothing from elsewhere."""

from __future__ import annotations

__all__ = ["framed"]

_PAGE = """\
<!DOCTYPE html>
<html lang="{lang}" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def framed(body: str, *, title: str, style: str, lang: str = "und") -> str:
    """Return a page.

    Parameters
    ----------
    body, title : str
        Markup, escaped.
    style : str
        Style sheet.
    lang : str
        Code of the language; by default undetermined.
    """
    return _PAGE.format(lang=lang, title=title, style=style, body=body)
