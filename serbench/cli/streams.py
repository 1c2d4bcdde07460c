"""Standard output and standard error, whatever they can encode.

Conventions
-----------
What a stream has no sign for is written by a substitute of plain ASCII: our own signs by one that is used for nothing
else, any other by its code point. A substitute may be longer than the sign, so tables are laid out after
:func:`encodable`; :func:`prepare` sees to what does not pass through there.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import sys
from typing import Any, TextIO

from serbench.errors import ResourceError

#: The name of the error handler.
SUBSTITUTE = "serbench-substitute"

#: From a sign to what stands for it; a mark's substitute is no other mark.
SUBSTITUTES = {
    "◆": "^",
    "§": "$",
    "¶": "&",
    "†": "+",
    "‡": "++",
    "↓": "v",
    "⇓": "vv",
    "⇣": "v-",
    "‖": "||",
    "※": "%%",
    "∿": "~",
    "█": "#",
    "·": ".",
    "±": "+/-",
    "×": "x",
    "≥": ">=",
    "≤": "<=",
    "√": "sqrt",
    "–": "-",
    "—": "-",
    "\N{MINUS SIGN}": "-",
    "…": "...",
    "“": '"',
    "”": '"',
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "µ": "u",
    "\N{NO-BREAK SPACE}": " ",
    "\N{LEFT-TO-RIGHT MARK}": "",
}


def prepare() -> None:
    """Let both streams take every text; one that is closed leads nowhere."""
    codecs.register_error(SUBSTITUTE, _substitute)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started this
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  (for good)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=SUBSTITUTE)


def finish(code: Any) -> Any:
    """Write what is still to be written; return the exit code, another where that cannot be done."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            stream.flush()
        except OSError as error:
            with contextlib.suppress(OSError, ValueError):  # else the interpreter tries again, and says so its own way
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if error.errno == errno.EPIPE:
                code = code or 1
                continue
            code = ResourceError.exit_code
            if name == "stdout":
                sys.stderr.write(f"error: {refused(error)}\n")
    return code


def refused(error: OSError) -> OSError | ResourceError:
    """Return what to raise where standard output cannot be written: nobody is to be told where its reader has gone."""
    if error.errno == errno.EPIPE:
        return error
    return ResourceError.of(error, "standard output", "write to another place")


def encodable(text: str, stream: TextIO) -> str:
    """Return text as the stream can encode it.

    >>> import io
    >>> encodable("◆ 12 – ü", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    '^ 12 - ü'
    """
    codecs.register_error(SUBSTITUTE, _substitute)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text if text.isascii() else text.encode(encoding, SUBSTITUTE).decode(encoding)


def can_encode(text: str, stream: TextIO) -> bool:
    """Tell whether the stream can encode a text as it is."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """Stand in for what cannot be encoded, for codecs."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(SUBSTITUTES.get(sign, f"[U+{ord(sign):04X}]") for sign in signs), error.end


__all__ = ["SUBSTITUTE", "SUBSTITUTES", "can_encode", "encodable", "finish", "prepare", "refused"]
