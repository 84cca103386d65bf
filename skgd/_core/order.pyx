# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""The order of the rows in Python's words."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

import numpy as np

from skgd._core.arrays cimport address


cdef extern from "order.hpp" namespace "skgd" nogil:
    struct Kept:
        const uint8_t* kept
        size_t n_samples
    void c_shuffle "skgd::shuffle"(const Kept&, uint32_t*, uint64_t&)
    void c_shuffle_array "skgd::shuffle"(uint32_t*, size_t, uint64_t&)
    void c_shuffle_blocks "skgd::shuffle_blocks"(
        uint32_t*, size_t, size_t, uint64_t&) except +
    void c_put_in_order "skgd::put_in_order"(const Kept&, uint32_t*)


cdef class TrainingRows:
    """The rows to train on, in the array `order` of uint32, which this writes to.

    `order` names some of `n_samples` rows, each once; `block_rows` as in Design.
    """

    cdef Kept c
    cdef uint32_t* c_order
    cdef readonly object order
    cdef object kept
    cdef size_t block_rows

    def __cinit__(self, order, Py_ssize_t n_samples, size_t block_rows=0):
        self.order, self.c_order = order, <uint32_t*>address(order, np.uint32)
        self.block_rows = block_rows
        self.c = Kept(NULL, n_samples)
        if len(order) < n_samples:
            self.kept = np.zeros(n_samples, dtype=np.uint8)
            self.kept[order] = 1
            self.c.kept = <const uint8_t*>address(self.kept, np.uint8)

    def shuffle(self, uint64_t seed):
        """Draw an order; give the seed that goes on from there."""
        if self.block_rows:
            self.put_in_order()
            return shuffle(self.order, seed, self.block_rows)
        with nogil:
            c_shuffle(self.c, self.c_order, seed)
        return seed

    def put_in_order(self):
        """Sort the rows."""
        with nogil:
            c_put_in_order(self.c, self.c_order)


def shuffle(order, uint64_t seed, size_t block_rows=0):
    """Shuffle an array of uint32 in place; give the seed that goes on from there.

    `block_rows` : as in Design; if it is not 0, the array must be in order.
    """
    cdef uint32_t* c_order = <uint32_t*>address(order, np.uint32)
    cdef size_t n = len(order)
    if block_rows:
        with nogil:
            c_shuffle_blocks(c_order, n, block_rows, seed)
        return seed
    with nogil:
        c_shuffle_array(c_order, n, seed)
    return seed
