from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from dataleverage.errors import DataleverageError
from dataleverage.streams import Streams


def test_a_stream_depends_on_seed_name_and_index_alone():
    streams = Streams(3)
    first = streams["creators"].random(5)
    streams["world"].random(100)
    assert np.array_equal(first, streams["creators"].random(5))
    others = [Streams(4)["creators"], streams["network"], streams.at("creators", 0), streams.at("creators", 1)]
    drawn = [first, *(other.random(5) for other in others), streams.at("creators", 0, 1).random(5)]
    assert len({tuple(values) for values in drawn}) == len(drawn)


def test_streams_are_the_same_in_another_process():
    code = "from dataleverage.streams import Streams; s = Streams(7); print(s['a'].integers(10**9), s.integer('b', 2))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [int(word) for word in told] == [Streams(7)["a"].integers(10**9), Streams(7).integer("b", 2)]


def test_streams_are_not_correlated():
    drawn = np.array([Streams(seed)[name].standard_normal(4000) for seed in range(3) for name in ("a", "b", "c")])
    off = np.corrcoef(drawn)[~np.eye(len(drawn), dtype=bool)]
    assert np.abs(off).max() < 5 / np.sqrt(4000)


def test_integers_fit_libraries_that_want_31_bits():
    seeds = [Streams(0).integer("objects", i) for i in range(500)]
    assert min(seeds) >= 0 and max(seeds) < 2**31 and len(set(seeds)) == 500


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None])
def test_a_seed_is_a_whole_number_from_zero(seed):
    with pytest.raises(DataleverageError, match="whole number") as caught:
        Streams(seed)
    assert caught.value.place.key == "seed" and caught.value.remedy


def test_large_and_numpy_seeds():
    assert Streams(2**80)["a"].random() != Streams(2**80 + 1)["a"].random()
    assert Streams(np.int64(5))["a"].random() == Streams(5)["a"].random()
