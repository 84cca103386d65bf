"""Labels and their codes: integers by a table, all others by sorting."""

import numpy as np
import pytest

from skgd._labels import codes_of, labels_of

LABELS = {
    "bool": np.array([True, False, True]),
    "int8, whole range": np.array([127, -128, 0, 127], dtype=np.int8),
    "int64, negative": np.array([-7, 3, 3, -1]),
    "int64, far apart": np.array([-(2**62), 2**62, 5, 5]),
    "uint8": np.array([255, 0, 7], dtype=np.uint8),
    "uint64, large": np.array([2**63 + 2, 2**63, 2**63 + 2], dtype=np.uint64),
    "float": np.array([0.5, -1.0, 0.5]),
    "str": np.array(["b", "a", "b"]),
    "object": np.array(["b", "a", "b"], dtype=object),
    "one": np.array([4, 4]),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_are_those_of_unique(name):
    y = LABELS[name]
    expected, codes = np.unique(y, return_inverse=True)
    found = labels_of(y)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(codes_of(y, found), codes)


def test_labels_of_many_blocks(rng):
    y = rng.integers(-300, 300, 200_000)
    expected, codes = np.unique(y, return_inverse=True)
    np.testing.assert_array_equal(labels_of(y), expected)
    np.testing.assert_array_equal(codes_of(y, expected), codes)


@pytest.mark.parametrize(
    "y",
    [[0, 2], [0, -1], [0, 10**12], [0.0, 0.5], [0.0, np.inf], ["0", "1"]],
    ids=repr,
)
def test_label_that_is_no_class_is_named(y):
    unknown = np.array(y)
    with pytest.raises(ValueError, match="not in `classes`"):
        codes_of(unknown, np.array([0, 1, 3]))


def test_codes_of_floats_among_integer_classes():
    codes = codes_of(np.array([3.0, 0.0, 1.0]), np.array([0, 1, 3]))
    np.testing.assert_array_equal(codes, [2, 0, 1])
