"""openSMILE's word on its own functionals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from serbench_plugins.features.compare import Compare
from serbench_plugins.features.egemaps import Egemaps

from .conftest import RATE, WAVES, voice

opensmile = pytest.importorskip("opensmile")

SETS = {Egemaps: (opensmile.FeatureSet.eGeMAPSv02, 88), Compare: (opensmile.FeatureSet.ComParE_2016, 6_373)}


@pytest.fixture(params=SETS, ids=lambda cls: cls.card.name)
def cls(request):
    return request.param


@pytest.mark.parametrize("name", ["voice", "short", "clipped", "silence", "half a window"])
def test_the_numbers_are_opensmiles(cls, name):
    feature_set, size = SETS[cls]
    smile = opensmile.Smile(feature_set=feature_set, feature_level=opensmile.FeatureLevel.Functionals)

    found = cls().extract(WAVES[name])

    assert (found.dtype, found.shape) == (np.float32, (size,))
    np.testing.assert_array_equal(found, smile.process_signal(WAVES[name], RATE).to_numpy()[0])


@pytest.mark.parametrize("name", ["one sample", "a hop"])
def test_a_clip_shorter_than_a_frame_is_that_clip_and_silence(cls, name):
    filled = np.concatenate([WAVES[name], np.zeros(960 - len(WAVES[name]), np.float32)])

    np.testing.assert_array_equal(cls().extract(WAVES[name]), cls().extract(filled))


def test_threads_do_not_disturb_each_other(cls):
    waves = [voice(number, 0.5) for number in range(8)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(cls().extract, waves))

    np.testing.assert_array_equal(found, [cls().extract(wave) for wave in waves])
