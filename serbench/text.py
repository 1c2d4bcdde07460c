"""Text from anybody as it may be shown: names of files, models, classes and speakers come from strangers.

Conventions
-----------
What controls a terminal becomes a blank. What cannot be seen and yet changes what is read (signs that turn the
direction of writing, joiners, blanks of no width) is shown by its code point, so that two names that differ look
different. JSON keeps every text as it is; every other view goes through :func:`one_line` first and escapes afterwards.
"""

from __future__ import annotations

import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: Unicode's default ignorable code points, format characters, and halves of pairs: a name that is not UTF-8 has such.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
#: What a spreadsheet may take for the beginning of a formula, in either width.
_FORMULA = tuple(
    "=+-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)


def one_line(text: str) -> str:
    r"""Return text on one line in which everything can be seen.

    >>> one_line("a\nb"), one_line("a\u202eb")
    ('a b', 'a[U+202E]b')
    """
    return visible(text).strip()


def visible(text: str) -> str:
    """Return the same with the blanks before and behind it."""
    if text.isascii() and text.isprintable():  # nearly all that a page shows
        return text
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", _CONTROL.sub(" ", text))


def hides(text: str) -> bool:
    """Tell whether a text of several lines has signs that cannot be seen."""
    return bool(_UNSEEN.search(text) or _CONTROL.search(text.replace("\n", "")))


def spreadsheet_text(text: str) -> str:
    """Return text for a field of a CSV file; what a spreadsheet would compute gets an apostrophe.

    >>> spreadsheet_text("=1+1"), spreadsheet_text("neutral")
    ("'=1+1", 'neutral')
    """
    plain = one_line(text)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


__all__ = ["hides", "one_line", "spreadsheet_text", "visible"]
