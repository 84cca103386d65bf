# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""Descent on quadratic models with kinks, over arrays of NumPy."""

from libc.stdint cimport uint8_t


cdef extern from "coordinate.hpp" namespace "skgd" nogil:
    struct Kinks:
        const double* l1
        const uint8_t* nonnegative
    struct Goal:
        double absolute, relative
        int max_rounds
    struct Decrease:
        double total, last
        int rounds

    cppclass GramDescent:
        GramDescent(size_t, const double*, Kinks, double*, double*) except +
        Decrease run(Goal) except +


def descend_gram(const double[:, ::1] H, double[::1] r, const double[::1] l1,
                 const uint8_t[::1] nonnegative, double[::1] v, double absolute,
                 double relative, int max_rounds):
    """Minimise r'(x - v) + (x - v)'H(x - v)/2 + sum_j l1_j |x_j| over x, from x = v.

    v becomes the minimiser and r the gradient of the smooth part there. Ends when a
    round gains no more than `absolute`, or `relative` of all gains. Gives the decrease,
    that of the last round, and the number of rounds.
    """
    cdef size_t p = v.shape[0]
    if p == 0:
        return 0.0, 0.0, 0
    if not H.shape[0] == H.shape[1] == r.shape[0] == l1.shape[0] == p:
        raise ValueError("shapes differ")
    cdef Kinks kinks = Kinks(&l1[0], &nonnegative[0])
    cdef Goal goal = Goal(absolute, relative, max_rounds)
    cdef Decrease d
    cdef GramDescent* descent
    with nogil:
        descent = new GramDescent(p, &H[0, 0], kinks, &v[0], &r[0])
        try:
            d = descent.run(goal)
        finally:
            del descent
    return d.total, d.last, d.rounds
