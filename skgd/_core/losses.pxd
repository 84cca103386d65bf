# cython: language_level=3
"""The losses that the other modules of the core are handed."""

from libc.stdint cimport int32_t


cdef extern from "loss.hpp" namespace "skgd" nogil:
    enum class LossName(int):
        pass
    struct Traits:
        const char* targets
        const char* shape
        double curvature
        const char* parameter
        const char* link
    struct LossInfo:
        const char* name
        Traits traits
    const LossInfo* kLosses
    int kLossCount
    struct Written:
        double (*call)(void*, size_t, const double*, const double*, const double*,
                       double*, double*) noexcept nogil
        void* loss
    struct CLoss "skgd::Loss":
        LossName name
        double parameter
        Written written


cdef class CoreLoss:
    cdef CLoss c
    cdef readonly object loss
    cdef object error
    cdef check(self)
