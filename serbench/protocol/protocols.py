"""The registry of protocols: every one by its name. ``tests/golden/splits.json`` pins what each makes of each dataset.

Protocols are built in: splits are what readers trust. A laboratory's own split enters by its dataset's ``split`` rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serbench.errors import UnknownNameError
from serbench.protocol.adaptation import Adapt
from serbench.protocol.cross_corpus import CrossCorpus
from serbench.protocol.emobox import EmoBox
from serbench.protocol.new_sentences import NewSentences
from serbench.protocol.protocol import InflationStyle, Protocol
from serbench.protocol.random_clips import RandomClips
from serbench.protocol.replica import Replica
from serbench.protocol.speaker_independent import SpeakerIndependent

#: From name to protocol, in the order of listings.
PROTOCOLS: Mapping[str, type[Protocol]] = {
    protocol.name: protocol
    for protocol in (
        SpeakerIndependent,
        NewSentences,
        CrossCorpus,
        Adapt,
        RandomClips,
        Replica,
        EmoBox,
    )
}

#: From name to style for those that are part of the inflation chart, from the most flattering on.
INFLATION_STYLES: Mapping[str, InflationStyle] = dict(
    sorted(
        ((name, protocol.inflation) for name, protocol in PROTOCOLS.items() if protocol.inflation is not None),
        key=lambda pair: pair[1].order,
    )
)

_NO_SETTINGS: Mapping[str, Mapping[str, Any]] = {}


def get_protocol(name: str, settings: Mapping[str, Mapping[str, Any]] = _NO_SETTINGS) -> Protocol:
    """Return the protocol of that name, made with the arguments that settings name for it.

    Parameters
    ----------
    settings
        Arguments by part name, those of other parts among them: ``{"emobox": {"folder": "EmoBox/data"}}``.

    Raises
    ------
    UnknownNameError
        When there is no such protocol, or it takes no such argument; near matches are named.
    UsageError
        When it refuses a value.

    >>> get_protocol("si").ranked
    True
    """
    if name not in PROTOCOLS:
        raise UnknownNameError("protocol", name, PROTOCOLS)
    return PROTOCOLS[name].create(**settings.get(name, {}))


__all__ = ["INFLATION_STYLES", "PROTOCOLS", "get_protocol"]
