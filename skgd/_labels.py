"""Class labels: which there are, and the position of each among them."""

import numpy as np

_BLOCK_ROWS = 65536  # of y, where it is encoded
_INTEGERS = "biu"  # kinds of NumPy types: Booleans are 0 and 1
_FEW = 65536  # integers from the least to the largest label: then a table knows them


def _blocks(y):
    # np.unique and np.searchsorted take several times y's memory
    return (y[i : i + _BLOCK_ROWS] for i in range(0, len(y), _BLOCK_ROWS))


def checked_classes(classes):
    """Give the sorted labels that `partial_fit` was told of."""
    classes = np.asarray(classes)
    if classes.ndim != 1:
        raise ValueError(
            f"`classes` must have one dimension, got the shape {classes.shape}."
        )
    classes = _sorted(classes, "`classes`")
    if classes.dtype.kind == "f" and not np.isfinite(classes).all():
        raise ValueError(f"`classes` contains NaN or infinity: {classes}.")
    return classes


def _range(labels):
    """Give the least label and the integers from there to the largest, if few; or None.

    Counts of them take a tenth of the time of np.unique and np.searchsorted.
    """
    if labels.dtype.kind not in _INTEGERS or not len(labels):
        return None
    low, high = int(labels.min()), int(labels.max())
    few = high - low < _FEW and high < 2**62
    return (low, high - low + 1) if few else None


def _places(labels, low):
    return labels.astype(np.intp) - low


def _sorted(labels, name):
    if (span := _range(labels)) is not None:
        seen = np.bincount(_places(labels, span[0]))
        return (np.flatnonzero(seen) + span[0]).astype(labels.dtype)
    try:
        unique = np.unique(labels)
        comparable = bool((unique == unique).all())
    except TypeError:
        comparable = False
    if not comparable:
        kinds = sorted({type(label).__name__ for label in labels})
        raise ValueError(
            f"{name} must have labels that can be put in order, without None or NaN;"
            f" got labels of type {', '.join(kinds)}."
        )
    return unique


def labels_of(y):
    """Give the sorted labels that occur in y."""
    blocks = [_sorted(block, "y") for block in _blocks(y)]
    return blocks[0] if len(blocks) == 1 else _sorted(np.concatenate(blocks), "y")


def codes_of(y, classes):
    """Give the position of each label among the sorted classes, uint8 or int32."""
    codes = np.empty(len(y), dtype=np.uint8 if len(classes) <= 256 else np.int32)
    find = _finder(classes)
    for block, its_codes in zip(_blocks(y), _blocks(codes), strict=True):
        found = find(block)
        its_codes[:] = found
        unknown = classes[found] != block
        if unknown.any():
            raise ValueError(
                f"y contains the label {block[unknown.argmax()]!r}, which is not in"
                f" `classes`: {classes}."
            )
    return codes


def _finder(classes):
    """Give what finds the positions of labels; any position for one that is unknown."""
    last, span = len(classes) - 1, _range(classes)
    if span is not None:
        low, count = span
        table = np.zeros(count, dtype=np.intp)
        table[_places(classes, low)] = np.arange(len(classes))

    def find(labels):
        if span is not None and labels.dtype.kind in _INTEGERS:
            return table[np.clip(_places(labels, low), 0, count - 1)]
        # 256 for a label behind the last of 256 classes must not become 0
        return np.minimum(np.searchsorted(classes, labels), last)

    return find
