# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""Descent coordinate by coordinate, on quadratic models with kinks and on F itself."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libcpp cimport bool as cbool

from skgd._core.losses cimport CLoss
from skgd._core.sample_space cimport SampleLoss


cdef extern from "coordinate.hpp" namespace "skgd" nogil:
    struct Kinks:
        const double* l1
        const uint8_t* nonnegative
    struct Goal:
        double absolute, relative
        int swept_rounds, max_rounds
    struct Decrease:
        double total, left
        int rounds

    cppclass GramDescent:
        GramDescent(size_t, const double*, Kinks, double*, double*) except +
        Decrease run(Goal) except +

cdef extern from "coordinate_sparse.hpp" namespace "skgd" nogil:
    struct SparseColumns:
        size_t n, p
        const double* value
        const int32_t* row
        const int64_t* begin
        const double* scale

    cppclass SparseDescent:
        SparseDescent(SparseColumns, const double*, const double*, Kinks, cbool,
                      double*, double*, double*) except +
        Decrease run(Goal) except +

cdef extern from "column_sweeps.hpp" namespace "skgd" nogil:
    struct ColumnProblem:
        SparseColumns X
        CLoss loss
        const double* y
        const double* s
        const double* ridge
        Kinks kinks
        cbool free_intercept
    struct ColumnState:
        double* v
        double* b
        double* z
        uint32_t* order
        size_t n_active
        double slack
    struct ColumnSweep:
        double gain, violation
        size_t n_active
    ColumnSweep c_sweep_columns "skgd::sweep_columns"(
        const ColumnProblem&, ColumnState&) except +


def descend_gram(const double[:, ::1] H, double[::1] r, const double[::1] l1,
                 const uint8_t[::1] nonnegative, double[::1] v, double absolute,
                 double relative, int max_rounds, int swept_rounds=3):
    """Minimise r'(x - v) + (x - v)'H(x - v)/2 + sum_j l1_j |x_j| over x, from x = v.

    v becomes the minimiser and r the gradient of the smooth part there. Ends when a
    round gains no more than `absolute`, or `relative` of all gains. The first
    `swept_rounds` move every coefficient, later ones only those that promise most.
    Gives the decrease, what later rounds would gain if they went on like the last
    ones, and the number of rounds.
    """
    cdef size_t p = v.shape[0]
    if p == 0:
        return 0.0, 0.0, 0
    if not H.shape[0] == H.shape[1] == r.shape[0] == l1.shape[0] == p:
        raise ValueError("shapes differ")
    cdef Kinks kinks = Kinks(&l1[0], &nonnegative[0])
    cdef Goal goal = Goal(absolute, relative, swept_rounds, max_rounds)
    cdef Decrease d
    cdef GramDescent* descent
    with nogil:
        descent = new GramDescent(p, &H[0, 0], kinks, &v[0], &r[0])
        try:
            d = descent.run(goal)
        finally:
            del descent
    return d.total, d.left, d.rounds


def descend_columns(matrix, const double[::1] scale, const double[::1] h,
                    const double[::1] ridge, const double[::1] l1,
                    const uint8_t[::1] nonnegative, bint free_intercept,
                    double[::1] v, double[::1] e, double absolute, double relative,
                    int max_rounds):
    """Do the same for H = A' diag(h) A + ridge, A = [X scale, 1], and X by columns.

    `matrix` holds the values (float64), rows (int32) and starts (int64) of X's columns;
    v the coefficients and the intercept, and e = l'(z) of shape (n_rows,) the weighted
    residual. Both become those of the minimiser.
    """
    cdef const double[::1] value = matrix[0]
    cdef const int32_t[::1] row = matrix[1]
    cdef const int64_t[::1] begin = matrix[2]
    cdef size_t p = scale.shape[0], n = h.shape[0]
    if p == 0 or n == 0 or value.shape[0] == 0:
        return 0.0, 0.0, 0
    if not v.shape[0] == begin.shape[0] == p + 1 or not ridge.shape[0] == p:
        raise ValueError("shapes differ")
    cdef SparseColumns X = SparseColumns(n, p, &value[0], &row[0], &begin[0], &scale[0])
    cdef Kinks kinks = Kinks(&l1[0], &nonnegative[0])
    cdef Goal goal = Goal(absolute, relative, max_rounds, max_rounds)
    cdef Decrease d
    cdef SparseDescent* descent
    with nogil:
        descent = new SparseDescent(
            X, &h[0], &ridge[0], kinks, free_intercept, &v[0], &v[p], &e[0])
        try:
            d = descent.run(goal)
        finally:
            del descent
    return d.total, d.left, d.rounds


def sweep_columns(matrix, const double[::1] scale, SampleLoss loss,
                  const double[::1] ridge, const double[::1] l1,
                  const uint8_t[::1] nonnegative, bint free_intercept, double[::1] v,
                  double[::1] z, uint32_t[::1] order, size_t n_active, double slack):
    """Descend on F along each of the columns order[:n_active] once, then along b.

    Arrays as `descend_columns` takes them; z of shape (n_rows,) are the raw
    predictions. v and z move. Gives by how much F fell, the largest slope that was
    seen, and how many columns the next sweep need visit, which are the first of
    `order` then: the others are zero and `slack` at least from moving.
    """
    cdef const double[::1] value = matrix[0], y = loss.y, s = loss.weight
    cdef const int32_t[::1] row = matrix[1]
    cdef const int64_t[::1] begin = matrix[2]
    cdef size_t p = scale.shape[0], n = z.shape[0]
    if p == 0 or n == 0 or value.shape[0] == 0:
        return 0.0, 0.0, 0
    if not (v.shape[0] == begin.shape[0] == p + 1 and y.shape[0] == s.shape[0] == n
            and ridge.shape[0] == l1.shape[0] == nonnegative.shape[0] == p
            and n_active <= order.shape[0] == p):
        raise ValueError("shapes differ")
    cdef ColumnProblem problem = ColumnProblem(
        SparseColumns(n, p, &value[0], &row[0], &begin[0], &scale[0]), loss.c.loss,
        &y[0], &s[0], &ridge[0], Kinks(&l1[0], &nonnegative[0]), free_intercept)
    cdef ColumnState state = ColumnState(
        &v[0], &v[p], &z[0], &order[0], n_active, slack)
    cdef ColumnSweep sweep
    with nogil:
        sweep = c_sweep_columns(problem, state)
    return sweep.gain, sweep.violation, sweep.n_active
