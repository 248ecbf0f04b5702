"""Arrays in files: they come back as they were, and a hostile one runs nothing."""

from contextlib import suppress

import numpy as np
import pytest
from hostile import ARRAYS, SNAPPED, npy
from hypothesis import given
from hypothesis import strategies as st

from exporter.extractors.npy import array_of


@pytest.mark.parametrize("name", ARRAYS)
def test_a_hostile_array_is_refused_and_runs_nothing(name):
    with pytest.raises(ValueError, match=r"no array of numpy|and no numbers|are not"):
        array_of(ARRAYS[name])
    assert not SNAPPED.exists()


@given(st.binary(max_size=200), st.integers(0, 130), st.integers(0, 255))
def test_a_damaged_array_is_an_array_or_refused(junk, place, byte):
    whole = npy(np.arange(4.0))
    for data in (junk, b"\x93NUMPY" + junk, whole[:place] + bytes([byte]) + whole[place + 1 :], whole[:place] + junk):
        with suppress(ValueError):
            array_of(data)


@pytest.mark.parametrize("array", [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))])
@pytest.mark.parametrize("dtype", ["f2", ">f4", "f8", "u1", ">i2", "i8", "?"])
def test_an_array_comes_back_as_it_was(array, dtype):
    array = array.astype(dtype, order="K")
    again = array_of(npy(array))
    assert again.dtype == array.dtype
    assert np.array_equal(again, array)
