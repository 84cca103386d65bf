# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""Dual coordinate ascent in Python's words."""

from libc.stdint cimport int32_t, int64_t, uint32_t
from libcpp.memory cimport unique_ptr
from libcpp.vector cimport vector

import numpy as np

from skgd._core.arrays cimport address


cdef extern from "dual.hpp" namespace "skgd" nogil:
    struct DualRow:
        double t, lo, hi, centre, gamma, curvature
    struct DualProblem:
        double alpha, e, beta
    struct CSweep "skgd::Sweep":
        double violation
        size_t n_active
    struct DualValue:
        double objective, gap
    cppclass CDual "skgd::Dual":
        CSweep sweep(uint32_t*, size_t, size_t, int, double) except +
        void set_w() except +
        void free_intercept(double) except +
        DualValue certify() except +
        void recentre() except +
        vector[DualRow] rows
        vector[double] w
        double b
        DualProblem problem
    unique_ptr[CDual] make_dual[T, I](
        const void*, const void*, const void*, size_t, const uint32_t*, size_t,
        const DualProblem&) except +


cdef class Dual:
    """sum_i l_i(x_i . w + b) + alpha |w|^2 / 2 by its dual variables, on CSR rows.

    l_i(z) = max over t in [lo_i, hi_i] of t (z - centre_i) - e |t| - gamma_i t^2 / 2.
    `arrays` are those of a Design; `centre`, `lo`, `hi`, `gamma` are float64 of shape
    (n_rows,), `rows` uint32. gamma is zero everywhere or nowhere.
    """

    cdef unique_ptr[CDual] c
    cdef object keeps
    cdef readonly size_t n_rows

    def __init__(self, arrays, size_t n_features, rows, double alpha, centre, lo, hi,
                 gamma, double e):
        self.keeps, self.n_rows = arrays, len(rows)
        data, indices, indptr = arrays
        cdef const void* values = address(data)
        cdef const void* columns = address(indices)
        cdef const void* starts = address(indptr)
        cdef const uint32_t* index = <const uint32_t*>address(rows)
        cdef size_t d = n_features, n = self.n_rows, i
        cdef DualProblem problem = DualProblem(alpha, e, 0.0)
        wide = indices.dtype == np.int64
        if data.dtype == np.float64:
            self.c = (make_dual[double, int64_t] if wide else make_dual[double, int32_t])(
                values, columns, starts, d, index, n, problem)
        else:
            self.c = (make_dual[float, int64_t] if wide else make_dual[float, int32_t])(
                values, columns, starts, d, index, n, problem)
        cdef const double[::1] c_centre = centre, c_lo = lo, c_hi = hi
        cdef const double[::1] c_gamma = gamma
        cdef DualRow* row = self.c.get().rows.data()
        for i in range(n):
            row[i].centre, row[i].lo, row[i].hi = c_centre[i], c_lo[i], c_hi[i]
            row[i].gamma = c_gamma[i]

    def free_intercept(self, double beta):
        """Let b move, with the curvature beta > 0 for its own."""
        self.c.get().free_intercept(beta)

    @property
    def curvature(self):
        """|x_i|^2 / alpha and, once b moves, beta, of shape (n_rows,)."""
        curvature = np.empty(self.n_rows)
        cdef double[::1] c_curvature = curvature
        cdef size_t i
        for i in range(self.n_rows):
            c_curvature[i] = self.c.get().rows[i].curvature
        return curvature

    @property
    def t(self):
        """The dual variables, of shape (n_rows,)."""
        t = np.empty(self.n_rows)
        cdef double[::1] c_t = t
        cdef size_t i
        for i in range(self.n_rows):
            c_t[i] = self.c.get().rows[i].t
        return t

    @t.setter
    def t(self, values):
        cdef const double[::1] t = values
        cdef size_t i
        for i in range(self.n_rows):
            self.c.get().rows[i].t = t[i]
        self.c.get().set_w()

    @property
    def w(self):
        """-X' t / alpha, of shape (n_features,)."""
        return np.asarray(<double[:self.c.get().w.size()]>self.c.get().w.data()).copy()

    @property
    def b(self):
        """The intercept."""
        return self.c.get().b

    @b.setter
    def b(self, double value):
        self.c.get().b = value

    def sweep(self, order, size_t n_active, size_t batch, int repeat, double slack):
        """Visit order[:n_active] and recentre b.

        Gives the largest violation seen and how many rows the next sweep need visit,
        which are the first of `order` then.
        """
        cdef uint32_t* c_order = <uint32_t*>address(order)
        cdef CSweep report
        with nogil:
            report = self.c.get().sweep(c_order, n_active, batch, repeat, slack)
            self.c.get().recentre()
        return report.violation, report.n_active

    def certify(self):
        """Move to sum t = 0 and the best b for w; give F there and a bound of F - F*."""
        cdef DualValue value
        with nogil:
            value = self.c.get().certify()
        return value.objective, value.gap
