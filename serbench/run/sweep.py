"""One model under several values of an argument, or under several augmentations: ``--sweep key=value,value``.

Conventions
-----------
The first value is what the others are compared with. ``augment`` stands for the augmentations of a model: a value names
one or, joined by ``+``, several that take the place of those that the model asks for, and ``none`` stands for no
augmentation. An argument of that name is reached by the model's name before it, ``attn1dcnn.augment=true,false``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from serbench.errors import UnknownNameError, UsageError
from serbench.plugin.registry import Registry
from serbench.protocol.protocols import PROTOCOLS
from serbench.run.contender import make_contender
from serbench.run.request import Variation
from serbench.run.settings import read_settings
from serbench.use import unnumbered

#: What stands for the augmentations of a model, and for none of them.
AUGMENT, NONE = "augment", "none"


def read_sweep(
    text: str, registry: Registry, models: Sequence[str], pairs: Sequence[str] = (), protocols: Iterable[str] = ()
) -> tuple[tuple[str, ...], tuple[Variation, ...]]:
    """Read ``--sweep``.

    Parameters
    ----------
    text
        ``c=0.1,1,10``, ``log-mel.n_mels=40,80`` or ``augment=none,speed,speed+vtlp``.
    models
        Those that were asked for.
    pairs
        What ``--set`` gives beside it.
    protocols
        Under which they are run.

    Returns
    -------
    Which of the models are swept, and a variation for each value, in order.

    Raises
    ------
    UsageError
        When there is no value, a value is of the wrong kind, nothing that was asked for takes the argument, ``--set``
        gives it too, or the protocol augments in place of the models.
    UnknownNameError
        For a part or an augmentation that nobody offers.
    """
    key, equals, values = text.partition("=")
    words = list(_words(values)) if equals else []
    if not key or not all(words) or not words:
        raise UsageError(f"--sweep got {text!r}, expected key=value,value such as augment={NONE},speed or c=0.1,1,10")
    if key == AUGMENT:
        return tuple(models), _of_augmentations(words, registry, models, pairs, protocols)
    before = read_settings(pairs, registry, models)
    variations = []
    for word in words:
        after = read_settings([*pairs, f"{key}={word}"], registry, models)
        variations.append(Variation(word, {name: _added(after[name], before.get(name, {})) for name in after}))
    named = {name for variation in variations for name, arguments in variation.settings.items() if arguments}
    swept = tuple(name for name in models if named & _parts(name, registry, before))
    if not swept:
        raise UsageError(
            f"--sweep got {key!r}, which is no argument of {list(models)} nor of their features and augmentations, "
            f"expected one of these, or {AUGMENT}"
        )
    return swept, tuple(variations)


def _of_augmentations(
    words: Iterable[str], registry: Registry, models: Sequence[str], pairs: Sequence[str], protocols: Iterable[str]
) -> tuple[Variation, ...]:
    settled = [name for name in protocols if name in PROTOCOLS and PROTOCOLS[name].augmentations]
    if settled:
        raise UsageError(f"--sweep got {AUGMENT}, and protocol {settled[0]} augments in place of a model; leave it out")
    settings = read_settings(pairs, registry, models)
    own = {part for name in models for part in _parts(name, registry, settings)}
    found = []
    for word in words:
        names = () if word == NONE else tuple(word.split("+"))
        for name in names:
            if name not in registry.augmentations and name not in own:
                raise UnknownNameError("augmentation", name, [NONE, *registry.augmentations])
        if len(set(names)) < len(names):
            raise UsageError(f"--sweep got {word!r}, which names an augmentation twice, expected each once")
        found.append(Variation(word, augment=names))
    return tuple(found)


def _parts(model: str, registry: Registry, settings: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the names by which arguments of a model and of what it asks for are set."""
    made = make_contender(model, registry, settings)
    return {model, *made.extractors, *map(unnumbered, made.augmentations)}


def _added(after: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if name not in before}


def _words(values: str) -> Iterator[str]:
    """Yield values between commas; a comma within brackets, braces or quotes parts nothing.

    >>> list(_words('1,[2, 3],"a,b"'))
    ['1', '[2, 3]', '"a,b"']
    """
    depth, quoted, begin = 0, False, 0
    for place, letter in enumerate(values):
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "[{":
            depth += 1
        elif not quoted and letter in "]}":
            depth -= 1
        elif letter == "," and not quoted and depth == 0:
            yield values[begin:place].strip()
            begin = place + 1
    yield values[begin:].strip()


__all__ = ["AUGMENT", "NONE", "read_sweep"]
