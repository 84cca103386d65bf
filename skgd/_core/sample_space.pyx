# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""Sample space of auto descent: losses of raw predictions, and planes of them."""

from libc.math cimport fabs
from libc.stdint cimport int32_t
from libcpp cimport bool as cbool

import numpy as np
from scipy.linalg import cython_lapack

from skgd._core.losses import traits_of
from skgd._core.arrays cimport address, doubles
from skgd._core.losses cimport CoreLoss
from skgd._core.routines cimport routine


cdef extern from "sample_space.hpp" namespace "skgd" nogil:
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


cdef Dsyev DSYEV = <Dsyev>routine(cython_lapack, "dsyev")


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
    def compiled(self):
        """Whether it is one of the core's, of one output."""
        return isinstance(self.name, str) and self.name != "softmax"

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
