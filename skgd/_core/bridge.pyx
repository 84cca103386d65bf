# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""What auto descent multiplies with: X as the descent sees it, no policy, no checks."""

from libc.stdint cimport int32_t, int64_t, uint32_t
from libcpp.memory cimport unique_ptr
from libcpp.vector cimport vector

import numpy as np
from scipy.linalg import cython_blas
from scipy.sparse import csc_array, csr_array, hstack, issparse

from skgd._core.arrays cimport address, doubles
from skgd._core.routines cimport routine
from skgd._core.sample_space cimport CSampleLoss, SampleLoss


ctypedef void (*Dsyrk)(char*, char*, int*, int*, double*, double*, int*, double*, double*,
                       int*) noexcept nogil
ctypedef void (*Dgemm)(char*, char*, int*, int*, int*, double*, double*, int*, double*, int*,
                       double*, double*, int*) noexcept nogil


cdef extern from "view.hpp" namespace "skgd" nogil:
    struct Blas:
        Dsyrk dsyrk
        Dgemm dgemm
    void mirror_upper(size_t, double*)
    cppclass CView "skgd::View":
        void matvec(const double*, size_t, double*, int) except +
        void rmatvec(const double*, size_t, double*, int) except +
        void rmatvec_squared(const double*, double*, int) except +
        void gradient(const double*, double, const CSampleLoss&, double*, int) except +
        void range(const double*, double*, double*, double*, int) except +
        void gram(const uint32_t*, size_t, const double*, const double*, size_t,
                  const double*, size_t, const Blas&, double*, int) except +
        void raw_gram(const uint32_t*, size_t, const double*, double*, int) except +
    unique_ptr[CView] dense_view[T](
        const void*, size_t, size_t, const uint32_t*, size_t, const double*)
    unique_ptr[CView] csr_view[T, I](
        const void*, const void*, const void*, size_t, size_t, const uint32_t*, size_t,
        const double*)


cdef Blas BLAS
BLAS.dsyrk = <Dsyrk>routine(cython_blas, "dsyrk")
BLAS.dgemm = <Dgemm>routine(cython_blas, "dgemm")

# Share of a column's sum of squares below which what is left of it about the mean has
# lost half its digits; and values of such columns that are centred at a time.
CANCELLED, CENTRED_VALUES = 1e-8, 1 << 18


def column_arrays(X):
    """Give values, rows and starts of a CSC matrix: float64, int32 and int64."""
    return (
        X.data.astype(np.float64, copy=False),
        X.indices.astype(np.int32, copy=False),
        X.indptr.astype(np.int64, copy=False),
    )


cdef class View:
    """A = (X[rows] - mean) * scale: the training rows in the descent's coordinates.

    Parameters
    ----------
    design : Design
        X, checked.
    rows : ndarray of shape (n_rows,), uint32
        The training rows; arrays of sample space are in their order.
    mean, scale : ndarray of shape (n_features,), float64
        Of the columns; a scale of 0 takes a column out.
    n_threads : int
        Threads that share the rows.
    """

    cdef unique_ptr[CView] view
    cdef tuple _keep
    cdef int _n_threads
    cdef dict _shared  # the columns, by the share of non-zeros of those that are full
    cdef readonly object design, X, rows, mean, scale
    cdef readonly Py_ssize_t n_rows, n_features
    cdef readonly bint sparse

    def __init__(self, design, rows, mean, scale, int n_threads=1):
        X = design.matrix
        self.design, self.X, self.rows = design, X, rows
        self.mean, self.scale, self._n_threads = mean, scale, n_threads
        self._shared = {}
        self.n_rows, self.n_features, self.sparse = len(rows), X.shape[1], issparse(X)
        cdef size_t n = X.shape[0], d = X.shape[1], m = len(rows)
        cdef const uint32_t* r = <const uint32_t*>address(rows, np.uint32, (len(rows),))
        cdef const double* centre = doubles(mean, (X.shape[1],))
        doubles(scale, (X.shape[1],))
        cdef bint single = X.dtype == np.float32
        cdef const void* values
        cdef const void* columns
        cdef const void* starts
        if not self.sparse:
            self._keep = (X,)
            values = address(X, X.dtype, X.shape)
            if single:
                self.view = dense_view[float](values, n, d, r, m, centre)
            else:
                self.view = dense_view[double](values, n, d, r, m, centre)
            return
        self._keep = design.arrays
        data, indices, indptr = design.arrays
        values = address(data, data.dtype, data.shape)
        columns = address(indices, indices.dtype, indices.shape)
        starts = address(indptr, indices.dtype, indptr.shape)
        cdef bint wide = indices.dtype == np.int64
        if single and wide:
            self.view = csr_view[float, int64_t](values, columns, starts, n, d, r, m, centre)
        elif single:
            self.view = csr_view[float, int32_t](values, columns, starts, n, d, r, m, centre)
        elif wide:
            self.view = csr_view[double, int64_t](values, columns, starts, n, d, r, m, centre)
        else:
            self.view = csr_view[double, int32_t](values, columns, starts, n, d, r, m, centre)

    def with_coordinates(self, mean, scale):
        """Give the same rows in other coordinates."""
        cdef View other = View(self.design, self.rows, mean, scale, self._n_threads)
        other._shared = self._shared if mean is self.mean else {}
        return other

    def by_column(self, share):
        """Give values, rows and starts of the columns of a sparse X[rows], and `full`.

        They are float64, int32 and int64, and made once for all scales. Of the columns
        in the mask `full`, that have non-zeros in a `share` of the rows at least, all
        rows are kept, and their mean is subtracted.
        """
        if share not in self._shared:
            X = self.X[self.rows].tocsc()
            full = (np.diff(X.indptr) >= share * self.n_rows) & (self.mean != 0.0)
            if full.any():
                centred = X[:, full].toarray() - self.mean[full]
                parts = [X[:, ~full], csc_array(centred)]
                place = np.argsort(np.argsort(full, kind="stable"), kind="stable")
                X = hstack(parts, format="csc")[:, place]
            self._shared[share] = *column_arrays(X), full
        return self._shared[share]

    def with_rows(self, positions):
        """Give some of the rows, as positions of any integer type."""
        rows = np.ascontiguousarray(self.rows[positions])
        return View(self.design, rows, self.mean, self.scale, self._n_threads)

    def with_columns(self, columns):
        """Give a copy of the columns at these positions, of a sparse X."""
        X = csr_array(self.design.arrays, shape=self.design.shape)[:, columns]
        mean, scale = self.mean[columns], self.scale[columns]
        return View(type(self.design)(X), self.rows, mean, scale, self._n_threads)

    def matvec(self, v):
        """Give v A' of shape (K, n_rows) for v of shape (K, n_features)."""
        v = np.ascontiguousarray(v, dtype=np.float64)
        z = np.empty((len(v), self.n_rows))
        cdef size_t K = len(v), d = self.n_features, i
        cdef const double* c_v = doubles(v, (len(v), d))
        cdef const double* scale = doubles(self.scale)
        cdef double* c_z = doubles(z)
        cdef vector[double] u
        cdef bint moves = False
        with nogil:
            u.resize(K * d)
            for i in range(K * d):
                u[i] = c_v[i] * scale[i % d]
                moves = moves or u[i] != 0.0
            if moves:
                self.view.get().matvec(u.data(), K, c_z, self._n_threads)
        if not moves:  # most descents begin there
            z.fill(0.0)
        return z

    def rmatvec(self, r):
        """Give r A of shape (K, n_features) for r of shape (K, n_rows)."""
        g = np.empty((len(r), self.n_features))
        cdef size_t K = len(r)
        cdef const double* c_r = doubles(r, (len(r), self.n_rows))
        cdef double* c_g = doubles(g, g.shape)
        with nogil:
            self.view.get().rmatvec(c_r, K, c_g, self._n_threads)
        g *= self.scale
        return g

    def rmatvec_squared(self, h):
        """Give sum_i h_i a_ij^2, of shape (n_features,), for h of shape (n_rows,)."""
        g = np.empty(self.n_features)
        cdef const double* c_h = doubles(h, (self.n_rows,))
        cdef double* c_g = doubles(g, g.shape)
        with nogil:
            self.view.get().rmatvec_squared(c_h, c_g, self._n_threads)
        return g * self.scale**2

    def gradient(self, v, double b, SampleLoss loss):
        """Give the loss of v A' + b, its gradient in v and in b: one read of the rows.

        v : ndarray of shape (n_features,); loss: of one output.
        """
        u, g = np.ascontiguousarray(v * self.scale), np.empty(self.n_features + 2)
        if loss.n_outputs > 1:
            raise ValueError(f"one output, got {loss.n_outputs}")
        doubles(loss.y, (self.n_rows,))
        cdef const double* c_u = doubles(u, (self.n_features,))
        cdef double* c_g = doubles(g, g.shape)
        with nogil:
            self.view.get().gradient(c_u, b, loss.c, c_g, self._n_threads)
        loss.core.check()
        d = self.n_features
        return g[d + 1], g[:d] * self.scale, g[d]

    def ranges(self, s):
        """Give sum_i s_i x_i of X itself, and each column's least and greatest value."""
        total, low, high = np.empty((3, self.n_features))
        cdef const double* c_s = doubles(s, (self.n_rows,))
        cdef double* c_total = doubles(total, total.shape)
        cdef double* c_low = doubles(low, low.shape)
        cdef double* c_high = doubles(high, high.shape)
        with nogil:
            self.view.get().range(c_s, c_total, c_low, c_high, self._n_threads)
        return total, low, high

    def gram(self, h, positions=None):
        """Give [A 1]' diag(h) [A 1] of shape (n_features + 1, n_features + 1).

        `positions` : rows of A to sum over, with h >= 0 of their length; by default all
        whose h is not zero.
        """
        if positions is None:
            positions = np.flatnonzero(h) if np.count_nonzero(h) < len(h) else None
            h = h if positions is None else h[positions]
        rows = self.rows if positions is None else np.ascontiguousarray(self.rows[positions])
        return self._sparse_gram(rows, h) if self.sparse else self._dense_gram(rows, h, 1)[0]

    def products(self, s, targets):
        """Give A' diag(s) A and targets diag(s) A, of shape (n_targets, n_features).

        `s` of shape (n_rows,), `targets` of shape (n_targets, n_rows). One read of the
        rows where A is dense.
        """
        d = self.n_features
        if self.sparse:
            gram, cross = self._sparse_gram(self.rows, s), self.rmatvec(targets * s)
            return gram[:d, :d].copy(), cross
        return self._dense_gram(self.rows, s, 0, targets)

    def _dense_gram(self, rows, h, Py_ssize_t n_ones, targets=()):
        cdef size_t width = self.n_features + n_ones, n = len(rows), n_roots = len(targets)
        factor, out = np.sqrt(h), np.empty((width + n_roots, width))
        roots = targets * factor if n_roots else factor
        cdef const uint32_t* r = <const uint32_t*>address(rows, np.uint32, (len(rows),))
        cdef const double* f = doubles(factor, (len(rows),))
        cdef const double* q = doubles(self.scale, (self.n_features,))
        cdef const double* t = doubles(roots, roots.shape)
        cdef double* o = doubles(out, out.shape)
        with nogil:
            self.view.get().gram(r, n, f, q, width, t, n_roots, BLAS, o, self._n_threads)
            mirror_upper(width, o)
        return out[:width], out[width:]

    def _sparse_gram(self, rows, h):
        d = self.n_features
        h = np.ascontiguousarray(h)
        raw = np.empty((d, d))
        cdef const uint32_t* r = <const uint32_t*>address(rows, np.uint32, (len(rows),))
        cdef const double* c_h = doubles(h, (len(rows),))
        cdef double* c_raw = doubles(raw, raw.shape)
        cdef size_t n = len(rows)
        with nogil:
            self.view.get().raw_gram(r, n, c_h, c_raw, self._n_threads)
        at_zero = View(self.design, rows, np.zeros(d), np.ones(d), self._n_threads)
        total, m = h.sum(), at_zero.rmatvec(h[None])[0]
        gram = np.empty((d + 1, d + 1))
        cross = np.outer(self.mean, m)
        centred = raw - cross - cross.T + total * np.outer(self.mean, self.mean)
        m -= total * self.mean
        lost = centred.diagonal() <= CANCELLED * total * self.mean**2
        lost = np.flatnonzero(lost & (self.mean != 0.0) & (self.scale != 0.0))
        if len(lost):
            self._centre(rows, h, lost, centred, m)
        gram[:d, :d] = centred * np.outer(self.scale, self.scale)
        gram[d, :d] = gram[:d, d] = m * self.scale
        gram[d, d] = total
        return gram

    def _centre(self, rows, h, lost, gram, sums):
        """Put in products of columns that are centred before they are multiplied.

        Nearly all of their values are stored: beside zeros the mean is no larger than
        they spread.
        """
        gram[:, lost], sums[lost] = 0.0, 0.0
        step = max(CENTRED_VALUES // len(lost), 1)
        for begin in range(0, len(rows), step):
            X = self.X[rows[begin:begin + step]].astype(np.float64)
            centred = X[:, lost].toarray() - self.mean[lost]
            weighted = h[begin:begin + step, None] * centred
            total = weighted.sum(axis=0)
            products = X.T @ weighted - np.outer(self.mean, total)
            products[lost] = centred.T @ weighted
            gram[:, lost] += products
            sums[lost] += total
        gram[lost] = gram[:, lost].T
