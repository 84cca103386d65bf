# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""What auto descent multiplies with, and its sample space: no policy, no checks."""

from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer
from libc.math cimport fabs
from libc.stdint cimport int32_t, int64_t, uint32_t
from libcpp cimport bool as cbool
from libcpp.memory cimport unique_ptr
from libcpp.vector cimport vector

import numpy as np
from scipy.linalg import cython_blas, cython_lapack
from scipy.sparse import issparse

from skgd._core.losses import traits_of
from skgd._core.arrays cimport address, doubles
from skgd._core.losses cimport CLoss, CoreLoss


cdef extern from "sample_space.hpp" namespace "skgd" nogil:
    struct CSampleLoss "skgd::SampleLoss":
        CLoss loss
        const double* y
        const int32_t* code
        const double* s
        size_t n, K
    size_t kMostDirections
    double c_evaluate "skgd::evaluate"(
        const CSampleLoss&, const double*, double*, double*, int) except +
    double evaluate_plane(const CSampleLoss&, const double*, const double*, size_t,
                          const double*, double*, double*, int) except +


ctypedef void (*Dsyev)(char*, char*, int*, double*, int*, double*, double*, int*,
                       int*) noexcept nogil


cdef extern from "plane_search.hpp" namespace "skgd" nogil:
    struct PlanePenalty:
        double constant
        double* linear
        double** matrix
    PlanePenalty c_ridge_on_plane "skgd::ridge_on_plane"(
        const double*, size_t, size_t, const double*, size_t, const double*)
    void c_plane_step "skgd::plane_step"(
        size_t, const double*, const double*, Dsyev, double*)
    cppclass PlaneSearch:
        PlaneSearch(const CSampleLoss&, cbool, const double*, const double*, size_t,
                    const PlanePenalty&, Dsyev, int)
        double minimise(double*) except +


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


cdef void* _routine(library, name) except NULL:
    capsule = library.__pyx_capi__[name]
    return PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule))


cdef Blas BLAS
BLAS.dsyrk = <Dsyrk>_routine(cython_blas, "dsyrk")
BLAS.dgemm = <Dgemm>_routine(cython_blas, "dgemm")
cdef Dsyev DSYEV = <Dsyev>_routine(cython_lapack, "dsyev")


cdef size_t n_directions(c) except 0:
    """Give their number, as long as the core has room for it."""
    cdef size_t p = len(c)
    if not 1 <= p <= kMostDirections:
        raise ValueError(f"at most {kMostDirections} directions, got {p}")
    return p


def plane_step(gradient, hessian):
    """Give -H^-1 g of p <= 4 variables, whatever the units and rank of H (p, p)."""
    cdef size_t p = n_directions(gradient)
    step = np.empty(len(gradient))
    cdef const double* g = doubles(gradient, step.shape)
    cdef const double* H = doubles(hessian, (len(step), len(step)))
    c_plane_step(p, g, H, DSYEV, doubles(step))
    return step


def curvature_change(h, other):
    """Give the sums of abs(h - other) and of max(h, other), and the least h / other.

    The least is at most 1, and 0 where a row has lost all its curvature.
    """
    cdef const double* a = doubles(h)
    cdef const double* b = doubles(other, h.shape)
    cdef size_t n = h.size, i
    cdef double apart = 0.0, larger = 0.0, least = 1.0, ratio
    with nogil:
        for i in range(n):
            apart += fabs(a[i] - b[i])
            larger += a[i] if a[i] > b[i] else b[i]
            if a[i] < least * b[i]:
                least = a[i] / b[i]
    return apart, larger, least


cdef class SampleLoss


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
    cdef readonly object design, X, rows, mean, scale
    cdef readonly Py_ssize_t n_rows, n_features
    cdef readonly bint sparse

    def __init__(self, design, rows, mean, scale, int n_threads=1):
        X = design.matrix
        self.design, self.X, self.rows = design, X, rows
        self.mean, self.scale, self._n_threads = mean, scale, n_threads
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
        return View(self.design, self.rows, mean, scale, self._n_threads)

    def with_rows(self, positions):
        """Give some of the rows, as positions of any integer type."""
        rows = np.ascontiguousarray(self.rows[positions])
        return View(self.design, rows, self.mean, self.scale, self._n_threads)

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
        return g[-1], g[:-2] * self.scale, g[-2]

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
        gram[:d, :d] = centred * np.outer(self.scale, self.scale)
        gram[d, :d] = gram[:d, d] = (m - total * self.mean) * self.scale
        gram[d, d] = total
        return gram


cdef class SampleLoss:
    """sum_i s_i loss(y_i, z_i), with weights s whose sum is one.

    Parameters
    ----------
    name, parameter : str or skgd.Loss, float
        The loss in the core's words.
    y : ndarray of shape (n_rows,)
        Targets of float64 (classes: +-1), or int32 codes for "softmax".
    weight : ndarray of shape (n_rows,), float64
        s.
    n_outputs : int
        K: 1, or the classes of "softmax".
    n_threads : int
        Threads that share the rows.
    """

    cdef CSampleLoss c
    cdef CoreLoss core
    cdef readonly double parameter
    cdef readonly object name, y, weight
    cdef readonly Py_ssize_t n_outputs
    cdef int _n_threads

    def __init__(self, name, double parameter, y, weight, Py_ssize_t n_outputs=1,
                 int n_threads=1):
        self._n_threads = n_threads
        self.name, self.parameter, self.y, self.weight = name, parameter, y, weight
        self.n_outputs = n_outputs
        self.core = CoreLoss(name, parameter)
        self.c.loss = self.core.c
        self.c.y = NULL
        self.c.code = NULL
        if name == "softmax":
            self.c.code = <const int32_t*>address(y, np.int32, y.shape)
        else:
            self.c.y = doubles(y, y.shape)
        self.c.s = doubles(weight, y.shape)
        self.c.n, self.c.K = len(y), n_outputs

    @property
    def curvature(self):
        """Least upper bound of the second derivative; infinite if there is none."""
        return traits_of(self.name)["curvature"]

    @property
    def quadratic(self):
        """Whether the second derivative is the same everywhere."""
        return traits_of(self.name)["shape"] == "constant"

    @property
    def piecewise(self):
        """Whether the second derivative jumps."""
        return traits_of(self.name)["shape"] == "jumps"

    @property
    def kinked(self):
        """Whether the derivative jumps."""
        return traits_of(self.name)["shape"] == "kinked"

    @property
    def log_link(self):
        """Whether the prediction is exp(z)."""
        return traits_of(self.name)["link"] == "log"

    def with_rows(self, positions):
        """Give the loss of some of the rows, their weights summing to one."""
        weight = self.weight[positions]
        return SampleLoss(self.name, self.parameter, self.y[positions],
                          weight / weight.sum(), self.n_outputs, self._n_threads)

    def evaluate(self, z, d=None, h=None):
        """Give the loss at z (K, n_rows); fill d = s l'(z) and h = s l''(z)."""
        shape = (self.n_outputs, len(self.y))
        d = np.empty(shape) if d is None else d
        h = np.empty(shape) if h is None else h
        cdef const double* c_z = doubles(z, shape)
        cdef double* c_d = doubles(d, shape)
        cdef double* c_h = doubles(h, shape)
        cdef double value
        with nogil:
            value = c_evaluate(self.c, c_z, c_d, c_h, self._n_threads)
        self.core.check()
        return value

    def curvature_at(self, double b):
        """Give sum_i s_i l''(b), for a loss of one output."""
        z = np.full((1, len(self.y)), b)
        h = np.empty_like(z)
        self.evaluate(z, h=h)
        return float(h.sum())

    def plane(self, z, directions, c):
        """Give value, gradient (p,) and Hessian (p, p) in c at z + sum c_p Z_p.

        `directions` : ndarray of shape (p, K, n_rows), p <= 4.
        """
        cdef size_t p = n_directions(c)
        gradient, hessian = np.empty(len(c)), np.empty((len(c), len(c)))
        shape = (self.n_outputs, len(self.y))
        cdef const double* c_z = doubles(z, shape)
        cdef const double* c_Z = doubles(directions, (len(c), *shape))
        cdef const double* c_c = doubles(c, c.shape)
        cdef double* c_gradient = doubles(gradient, gradient.shape)
        cdef double* c_hessian = doubles(hessian, hessian.shape)
        cdef double value
        with nogil:
            value = evaluate_plane(self.c, c_z, c_Z, p, c_c, c_gradient, c_hessian,
                                   self._n_threads)
        self.core.check()
        return value, gradient, hessian

    def minimise_on_plane(self, z, directions, ridge, v, moves):
        """Minimise F over z + sum c_p Z_p, v + sum c_p moves_p: exactly, in c.

        Parameters
        ----------
        z : ndarray of shape (K, n_rows)
            Where the plane passes.
        directions : ndarray of shape (p, K, n_rows)
            What the moves do to z, p <= 4.
        ridge, v, moves : ndarray of shapes (n_features,), (K, n_features), \
(p, K, n_features)
            The penalty, sum ridge_j v_j^2 / 2.

        Returns
        -------
        c : ndarray of shape (p,)
            Zero where nothing is to be gained.
        objective : float
            F there.
        """
        cdef size_t p = n_directions(directions), d = len(ridge)
        cdef Py_ssize_t K = self.n_outputs
        c, shape = np.empty(p), (K, len(self.y))
        cdef const double* c_z = doubles(z, shape)
        cdef const double* c_Z = doubles(directions, (p, *shape))
        cdef const double* c_ridge = doubles(ridge)
        cdef const double* c_v = doubles(v, (K, d))
        cdef const double* c_moves = doubles(moves, (p, K, d))
        cdef double* c_c = doubles(c)
        cdef bint quadratic = self.quadratic
        cdef PlanePenalty penalty
        cdef PlaneSearch* search
        cdef double value
        with nogil:
            penalty = c_ridge_on_plane(c_ridge, K, d, c_v, p, c_moves)
            search = new PlaneSearch(self.c, quadratic, c_z, c_Z, p, penalty, DSYEV,
                                     self._n_threads)
            try:
                value = search.minimise(c_c)
            finally:
                del search
        self.core.check()
        return c, value
