"""The seed of the core's generator."""

import numpy as np
from sklearn.utils import check_random_state


def seed_of(random_state) -> int:
    """Give a seed of 64 bits from what scikit-learn calls random_state."""
    # An int seeds without a RandomState, which costs as much as a small fit. Its factor
    # (Steele, Vigna, 2021) is none of splitmix64's: seeds that follow one another must
    # not give sequences that do.
    if isinstance(random_state, (int, np.integer)):
        return (int(random_state) + 1) * 0xD1342543DE82EF95 % 2**64
    return int(check_random_state(random_state).randint(2**31 - 1))
