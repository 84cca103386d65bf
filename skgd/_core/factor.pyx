# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""Cholesky factors of Hessians."""

from libc.math cimport sqrt

import numpy as np
from scipy.linalg import cython_lapack, solve_triangular

from skgd._core.arrays cimport doubles
from skgd._core.routines cimport routine

ctypedef void (*Dpotrf)(char*, int*, double*, int*, int*) noexcept nogil
ctypedef void (*Dpotrs)(char*, int*, int*, double*, int*, double*, int*,
                        int*) noexcept nogil


cdef Dpotrf DPOTRF = <Dpotrf>routine(cython_lapack, "dpotrf")
cdef Dpotrs DPOTRS = <Dpotrs>routine(cython_lapack, "dpotrs")


# Times what the diagonal is raised by: of less, rounding is what is left of an unknown.
cdef double DEPENDENT = 10.0


cdef class Factor:
    """A Cholesky factor of H in coordinates of unit diagonal, which is raised a little.

    LAPACK by its pointers: on a few columns the wrappers take longer than that.

    Parameters
    ----------
    H : ndarray of shape (d, d), float64
        Symmetric; unknowns whose diagonal is zero are left as they are.
    raised : sequence of float
        What to add to the unit diagonal: the first with which H is positive definite.
    ridge : ndarray of shape (m,) or None
        To add to the first m <= d numbers of H's diagonal.

    Attributes
    ----------
    least_pivot : float
        The least share of an unknown's diagonal that others do not explain, unknowns
        that depend on others left aside. Rounding is 1e-16 beside it.
    n_dependent : int
        How many these are.

    Raises
    ------
    LinAlgError
        If there is none, or H is not finite.
    """

    cdef object _scale, _lower
    cdef readonly double least_pivot
    cdef readonly Py_ssize_t n_dependent
    cdef double _raised

    def __init__(self, H, raised=(1e-14, 1e-12, 1e-10, 1e-8), ridge=None):
        H = np.ascontiguousarray(H, dtype=np.float64)
        cdef Py_ssize_t d = len(H), m = 0 if ridge is None else len(ridge), i, j
        if m > d:
            raise ValueError(f"{m} ridges for {d} unknowns")
        self._scale, self._lower = np.empty(d), np.empty((d, d))
        cdef const double* h = doubles(H, (d, d))
        cdef const double* more = doubles(ridge)
        cdef double* scale = doubles(self._scale)
        cdef double* lower = doubles(self._lower)
        cdef char uplo = b"L"
        cdef int n = <int>d, failed = 0
        cdef double raise_to, own
        with nogil:
            for i in range(d):
                own = h[i * d + i] + (more[i] if i < m else 0.0)
                scale[i] = 1.0 / sqrt(own) if own > 0.0 else 1.0
        for value in raised:
            raise_to = 1.0 + value
            with nogil:
                for i in range(d):
                    for j in range(d):
                        lower[i * d + j] = h[i * d + j] * scale[i] * scale[j]
                    lower[i * d + i] = raise_to
                DPOTRF(&uplo, &n, lower, &n, &failed)
            if not failed:
                self.least_pivot, self._raised, self.n_dependent = 1.0, value, 0
                for i in range(d):
                    own = lower[i * d + i] * lower[i * d + i]
                    if own > DEPENDENT * self._raised:
                        self.least_pivot = min(self.least_pivot, own)
                    elif own <= DEPENDENT * self._raised:  # and a number
                        self.n_dependent += 1
                return
        raise np.linalg.LinAlgError("H is not positive definite")

    def dependent(self):
        """Give what H takes for nothing: a combination for each dependent unknown.

        Of shape (n_dependent, d), in units of a unit diagonal at the largest entry.
        """
        own = np.diagonal(self._lower) ** 2
        dependent = np.flatnonzero(own <= DEPENDENT * self._raised)
        x = np.zeros((len(own), len(dependent)))
        x[dependent, np.arange(len(dependent))] = 1.0
        # LAPACK's lower triangle by columns is an upper one by rows.
        x = solve_triangular(self._lower, x, check_finite=False)
        return (x / np.abs(x).max(axis=0, initial=0.0)).T * self._scale

    def solve(self, g):
        """Give H^-1 g for g of shape (d,), or for each row of (K, d)."""
        cdef Py_ssize_t d = len(self._scale), size = g.size, i
        x = np.array(g, dtype=np.float64, order="C")
        if g.shape[g.ndim - 1] != d:
            raise ValueError(f"expected arrays of {d} values, got the shape {g.shape}")
        cdef double* c_x = doubles(x)
        cdef double* scale = doubles(self._scale)
        cdef double* lower = doubles(self._lower)
        cdef char uplo = b"L"
        cdef int n = <int>d, rows = <int>(size // d if d else 0), failed = 0
        if size == 0:
            return x
        with nogil:
            for i in range(size):
                c_x[i] *= scale[i % d]
            DPOTRS(&uplo, &n, &rows, lower, &n, c_x, &n, &failed)
            for i in range(size):
                c_x[i] *= scale[i % d]
        return x
