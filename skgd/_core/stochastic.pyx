# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""Epochs of one row a step in Python's words: no policy."""

from libc.stdint cimport int32_t, int64_t, uint32_t
from libcpp.memory cimport unique_ptr

import numpy as np

from skgd._core.arrays cimport address, doubles
from skgd._core.losses cimport CLoss, CoreLoss


cdef extern from "stochastic.hpp" namespace "skgd" nogil:
    struct RowLoss:
        CLoss loss
        const double* y
        const int32_t* code
        const double *s
    struct Metric:
        const double *mean
        const double *step
        const double *ridge
        double step_of_b
    struct Saga:
        const double* z
        double *table
        double *w
        double *G
        double *b
        double *Gb
        size_t n, K
        const uint32_t *order
        const uint32_t *rows
        size_t n_steps
        const double* chance
    struct Sweep:
        const double* y
        const double *s
        const double *mean
        const double *metric
        const uint32_t *order
        const uint32_t *rows
        size_t n_steps
        bint fit_intercept
        double t
        double *w
        double *late
        double mistakes
    cppclass CStochastic "skgd::Stochastic":
        void saga(const RowLoss&, const Metric&, const Saga&) except +
        void norms(const double*, const double*, const uint32_t*, size_t, double*)
        void sweep(Sweep&) except +
    unique_ptr[CStochastic] dense_stochastic[T](const void*, size_t, size_t) except +
    unique_ptr[CStochastic] csr_stochastic[T, I](
        const void*, const void*, const void*, size_t, size_t) except +


cdef const uint32_t* positions(array, tuple shape) except? NULL:
    return <const uint32_t*>address(array, np.uint32, shape)


cdef class RowDerivatives:
    """s l'(z) of one row at a time.

    Parameters
    ----------
    name, parameter, y, weight
        As in SampleLoss, of a smooth loss.
    """

    cdef RowLoss c
    cdef CoreLoss core
    cdef readonly object keeps

    def __init__(self, name, double parameter, y, weight):
        self.keeps = y, weight
        self.core = CoreLoss(name, parameter)
        self.c.loss = self.core.c
        self.c.s = doubles(weight, y.shape)
        self.c.y = NULL
        self.c.code = NULL
        if name == "softmax":
            self.c.code = <const int32_t*>address(y, np.int32, y.shape)
        else:
            self.c.y = doubles(y, y.shape)


cdef class Stochastic:
    """The rows of a View, read one at a time; sparse ones without their mean."""

    cdef unique_ptr[CStochastic] c
    cdef object view, zero

    def __init__(self, view):
        self.view = view
        arrays, X = view.design.arrays, view.X
        cdef size_t n = X.shape[0], d = X.shape[1]
        data = arrays[0]
        single = data.dtype == np.float32
        cdef const void* values = address(data, data.dtype, data.shape)
        if not view.sparse:
            self.c = (dense_stochastic[float] if single else dense_stochastic[double])(
                values, n, d)
            return
        cdef const void* columns = address(arrays[1], arrays[1].dtype, arrays[1].shape)
        cdef const void* starts = address(arrays[2], arrays[2].dtype, arrays[2].shape)
        wide = arrays[1].dtype == np.int64
        if single:
            self.c = (csr_stochastic[float, int64_t] if wide else csr_stochastic[float, int32_t])(
                values, columns, starts, n, d)
        else:
            self.c = (csr_stochastic[double, int64_t] if wide else csr_stochastic[double, int32_t])(
                values, columns, starts, n, d)

    def norms(self, weight):
        """Give sum_j weight_j x_ij^2 of each row, of shape (n_rows,)."""
        d, n = self.view.n_features, self.view.n_rows
        out = np.empty(n)
        cdef const double* mean = doubles(self.view.mean, (d,))
        cdef const double* c_weight = doubles(weight, (d,))
        cdef const uint32_t* rows = positions(self.view.rows, (n,))
        cdef double* c_out = doubles(out, (n,))
        cdef size_t c_n = n
        with nogil:
            self.c.get().norms(mean, c_weight, rows, c_n, c_out)
        return out

    def saga(self, RowDerivatives loss, z, table, gradient, step, ridge, order, chance):
        """Give the move (w, b) of len(order) steps, in X's units.

        Parameters
        ----------
        loss : RowDerivatives
        z, table : ndarray of shape (K, n_rows)
            Raw predictions and derivatives of the snapshot; `table` is overwritten.
        gradient : ndarray of shape (K, n_features + 1)
            Of the objective at the snapshot, the intercept's last.
        step : ndarray of shape (n_features + 1,)
            Of the coefficients and the intercept.
        ridge : ndarray of shape (n_features,)
        order : ndarray of uint32
            Positions of the rows to visit.
        chance : ndarray of shape (n_rows,)
            Probability of each row to be drawn.
        """
        K, n, d = len(z), self.view.n_rows, self.view.n_features
        G, Gb = gradient[:, :d].copy(), gradient[:, d].copy()
        w, b, rows = np.zeros((K, d)), np.zeros(K), self.view.rows[order]
        cdef Metric m
        cdef Saga f
        m.mean = doubles(self.view.mean, (d,))
        m.step, m.ridge = doubles(step, (d + 1,)), doubles(ridge, (d,))
        m.step_of_b = step[d]
        f.z, f.table = doubles(z, (K, n)), doubles(table, (K, n))
        f.w, f.G = doubles(w, (K, d)), doubles(G, (K, d))
        f.b, f.Gb = doubles(b, (K,)), doubles(Gb, (K,))
        f.n, f.K, f.n_steps = n, K, len(order)
        f.order, f.rows = positions(order, order.shape), positions(rows, order.shape)
        f.chance = doubles(chance, (n,))
        with nogil:
            self.c.get().saga(loss.c, m, f)
        loss.core.check()
        return w, b

    def sweep(self, y, weight, metric, bint fit_intercept, order, w, late, double t):
        """Follow Rosenblatt's rule over the rows in order; give the weight of mistakes.

        Parameters
        ----------
        y, weight : ndarray of shape (n_rows,)
            Targets of +-1 and weights.
        metric : ndarray of shape (n_features,)
            What a change of each coefficient is multiplied by.
        fit_intercept : bool
        order : ndarray of uint32
            Positions of the rows to visit.
        w, late : ndarray of shape (n_features + 1,)
            The model in X's units, its last value the raw prediction at the mean; and
            the sum of its changes, each times the steps before it. Both are written to.
        t : float
            Steps before these.
        """
        d, n, rows = self.view.n_features, self.view.n_rows, self.view.rows[order]
        cdef Sweep f
        f.y, f.s = doubles(y, (n,)), doubles(weight, (n,))
        f.mean, f.metric = doubles(self.view.mean, (d,)), doubles(metric, (d,))
        f.order, f.rows = positions(order, order.shape), positions(rows, order.shape)
        f.n_steps, f.fit_intercept, f.t = len(order), fit_intercept, t
        f.w, f.late = doubles(w, (d + 1,)), doubles(late, (d + 1,))
        f.mistakes = 0.0
        with nogil:
            self.c.get().sweep(f)
        return f.mistakes
