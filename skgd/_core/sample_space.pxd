# cython: language_level=3
"""The loss of auto descent's sample space, as the other modules of the core read it."""

from libc.stdint cimport int32_t

from skgd._core.losses cimport CLoss, CoreLoss


cdef extern from "sample_space.hpp" namespace "skgd" nogil:
    struct CSampleLoss "skgd::SampleLoss":
        CLoss loss
        const double* y
        const int32_t* code
        const double* s
        size_t n, K


cdef class SampleLoss:
    cdef CSampleLoss c
    cdef CoreLoss core
    cdef readonly double parameter
    cdef readonly object name, y, weight
    cdef readonly Py_ssize_t n_outputs
    cdef int _n_threads
