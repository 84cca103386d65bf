# distutils: language = c++
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: freethreading_compatible=True
"""The compiled core in Python's words: no policy, no checks of what a user wrote."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libcpp cimport bool as cbool
from libcpp.memory cimport unique_ptr

from mmap import mmap

import numpy as np
from scipy.sparse import issparse

from skgd._core.arrays cimport address, doubles
from skgd._core.losses cimport CLoss, CoreLoss


cdef extern from "engine.hpp" namespace "skgd" nogil:
    enum class OptimizerName(int):
        pass
    enum class Aggressive(int):
        pass

    struct CPenalty "skgd::Penalty":
        double ridge, l1
    struct COptimizer "skgd::Optimizer":
        OptimizerName name
        double decay1, decay2, epsilon, before
    struct CSchedule "skgd::Schedule":
        double eta0, t0, power
    struct Settings:
        CLoss loss
        CPenalty penalty
        COptimizer optimizer
        CSchedule schedule
        Aggressive aggressive
        size_t batch_size
        cbool fit_intercept
        int n_threads
    struct Codes:
        const uint8_t* narrow
        const int32_t* wide
    struct CSamples "skgd::Samples":
        const double* y
        Codes code
        const double* weight
        const double* positive
        size_t n_outputs
    struct Rows:
        const uint32_t* index
        size_t size
    struct Average:
        double *w
        double *b
        double *moved
        double start, count, pending, mass
    struct CState "skgd::State":
        void *v
        void *received
        double *b
        double owed
        Average average
        double *first
        double *second
        double *first_intercept
        double *second_intercept
        double steps, samples_seen
    struct Report:
        double loss_sum, eta_sum
        cbool finite
        double moved, penalty
    struct Total:
        double loss_sum
        cbool finite

    cppclass Engine:
        Report run_epoch(const CSamples&, Rows, const Settings&, CState&) except +
        Total loss_sum(
            const CSamples&, Rows, const void*, const double*, CLoss, int) except +
        double largest_squared_norm(Rows) except +

    unique_ptr[Engine] dense_engine[T](const void*, size_t, size_t) except +
    unique_ptr[Engine] csr_engine[T, I](
        const void*, const void*, const void*, size_t, size_t, size_t, const char*&) except +
    void c_take_step "skgd::take_step"(
        const COptimizer&, double, double, size_t, const double*, double*, double*, double*)
    double c_evaluate "skgd::evaluate"(
        CLoss, size_t, size_t, const double*, const int32_t*, const double*,
        const double*, double*)


# Of X on a disk, read together: a seek of 0.1 ms costs as much as 200 KB.
_BLOCK_BYTES = 2**22

OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
AGGRESSIVE = (None, "pa1", "pa2")


cdef COptimizer optimizer_of(rule, double before=0.0) except *:
    name, decay1, decay2, epsilon = rule
    return COptimizer(
        <OptimizerName><int>OPTIMIZERS.index(name), decay1, decay2, epsilon, before)


cdef Rows rows_of(order) except *:
    return Rows(<const uint32_t*>address(order, np.uint32), len(order))


cdef CSamples samples_of(y, weight, positive, size_t n_outputs) except *:
    cdef CSamples c
    c.y = doubles(y) if y.dtype == np.float64 else NULL
    c.code.narrow = <const uint8_t*>address(y) if y.dtype == np.uint8 else NULL
    c.code.wide = <const int32_t*>address(y) if y.dtype == np.int32 else NULL
    if y.dtype not in (np.float64, np.uint8, np.int32):
        raise TypeError(f"expected targets or class codes, got {y.dtype}")
    c.weight, c.positive, c.n_outputs = doubles(weight), doubles(positive), n_outputs
    return c


def _on_disk(array):
    """Tell whether it is a view of a memory-mapped file."""
    while array is not None:
        if isinstance(array, (np.memmap, mmap)):
            return True
        array = getattr(array, "base", None)
    return False


cdef class Design:
    """The design matrix, read where it lies.

    X is a C-contiguous ndarray or a CSR matrix or array, of float32 or float64.
    `block_rows` is 0 in memory; of rows on a disk, how many should be read together.
    """

    cdef unique_ptr[Engine] engine
    cdef readonly tuple arrays  # what the core reads
    cdef readonly object matrix, shape, dtype
    cdef readonly bint feature_major
    cdef readonly Py_ssize_t block_rows

    def __cinit__(self, X):
        cdef size_t n = X.shape[0], d = X.shape[1]
        self.matrix, self.shape, self.dtype = X, X.shape, X.dtype
        self.feature_major = issparse(X)
        if not issparse(X):
            self.arrays = (X,)
            if X.dtype == np.float32:
                self.engine = dense_engine[float](address(X), n, d)
            else:
                self.engine = dense_engine[double](address(X, np.float64), n, d)
        else:
            self._from_csr(X, n, d)
        self.block_rows = 0
        nbytes = self.arrays[0].nbytes
        if nbytes > _BLOCK_BYTES and _on_disk(self.arrays[0]):
            self.block_rows = max(1, _BLOCK_BYTES * n // nbytes)

    cdef _from_csr(self, X, size_t n, size_t d):
        index_type = np.promote_types(X.indices.dtype, X.indptr.dtype)
        indices = X.indices.astype(index_type, copy=False)
        indptr = X.indptr.astype(index_type, copy=False)
        self.arrays = (X.data, indices, indptr)
        cdef const char* defect = NULL
        cdef const void* values = address(X.data)
        cdef const void* columns = address(indices)
        cdef const void* starts = address(indptr)
        cdef size_t stored = min(len(X.data), len(indices))
        cdef bint single = X.dtype == np.float32
        if not single and X.dtype != np.float64:
            raise TypeError(f"expected float32 or float64, got {X.dtype}")
        if len(indptr) != <Py_ssize_t>n + 1:
            raise ValueError("X is not a sound CSR matrix: indptr must have n_samples + 1 entries")
        if index_type == np.int32 and single:
            self.engine = csr_engine[float, int32_t](values, columns, starts, n, d, stored, defect)
        elif index_type == np.int32:
            self.engine = csr_engine[double, int32_t](values, columns, starts, n, d, stored, defect)
        elif index_type == np.int64 and single:
            self.engine = csr_engine[float, int64_t](values, columns, starts, n, d, stored, defect)
        elif index_type == np.int64:
            self.engine = csr_engine[double, int64_t](values, columns, starts, n, d, stored, defect)
        else:
            raise TypeError(f"expected indices of int32 or int64, got {index_type}")
        if defect != NULL:
            raise ValueError(f"X is not a sound CSR matrix: {defect.decode()}")

    def largest_squared_norm(self, rows):
        """Give the largest squared norm among the rows."""
        cdef Rows r = rows_of(rows)
        with nogil:
            result = self.engine.get().largest_squared_norm(r)
        return result


cdef class Samples:
    """Targets (n, K) of float64 or class codes (n,), and weights (n,) or None.

    Codes are uint8, or int32 where there are more than 256 classes.

    `positive` (K,) weighs the samples of class k in the k-th of K one-vs-rest problems.
    """

    cdef CSamples c
    cdef readonly object y, weight, positive
    cdef readonly Py_ssize_t n_outputs

    def __cinit__(self, y, weight, Py_ssize_t n_outputs, positive=None):
        self.y, self.weight, self.positive = y, weight, positive
        self.n_outputs = n_outputs
        self.c = samples_of(y, weight, positive, n_outputs)


cdef class Descent:
    """A textbook descent: its settings and the state that outlives an epoch.

    `state` has the arrays `coef` (in the design's layout and type), `intercept`,
    `received`, `average_coef`, `average_intercept`, `first`, `second`,
    `first_intercept`, `second_intercept` (None where unused) and the numbers `owed`,
    `average_count`, `steps`, `samples_seen`; `run_epoch` writes to both.
    """

    cdef Design design
    cdef Samples samples
    cdef Settings settings
    cdef CState c
    cdef object state, moved
    cdef CoreLoss loss

    def __init__(self, Design design, Samples samples, state, *, loss, double parameter,
                 double ridge, double l1, optimizer, schedule, aggressive,
                 Py_ssize_t batch_size, bint fit_intercept, double average_start,
                 int n_threads):
        self.design, self.samples, self.state = design, samples, state
        self.loss = CoreLoss(loss, parameter)
        self.settings.loss = self.loss.c
        self.settings.penalty = CPenalty(ridge, l1)
        self.settings.optimizer = optimizer_of(optimizer, state.rule_began)
        self.set_schedule(*schedule)
        self.settings.aggressive = <Aggressive><int>AGGRESSIVE.index(aggressive)
        self.settings.batch_size = batch_size
        self.settings.fit_intercept = fit_intercept
        self.settings.n_threads = n_threads
        self._bind_state(average_start)

    cdef _bind_state(self, double average_start):
        state = self.state
        cdef size_t size = self.samples.n_outputs * self.design.shape[1]
        for name in ("coef", "received", "average_coef", "first", "second"):
            array = getattr(state, name)
            if array is not None and <size_t>array.size != size:
                raise ValueError(f"{name} must have {size} values, got {array.size}")
        for name in ("intercept", "average_intercept", "first_intercept", "second_intercept"):
            array = getattr(state, name)
            if array is not None and array.size != self.samples.n_outputs:
                raise ValueError(
                    f"{name} must have {self.samples.n_outputs} values, got {array.size}")
        self.c.v = <void*>address(state.coef, self.design.dtype)
        self.c.received = <void*>address(state.received, self.design.dtype)
        self.c.b = <double*>doubles(state.intercept)
        self.c.owed = state.owed
        self.moved = None if state.average_coef is None else np.zeros(size)
        self.c.average.w = <double*>doubles(state.average_coef)
        self.c.average.b = <double*>doubles(state.average_intercept)
        self.c.average.moved = <double*>doubles(self.moved)
        self.c.average.start = average_start
        self.c.average.count = state.average_count
        self.c.average.pending = self.c.average.mass = 0.0
        self.c.first = <double*>doubles(state.first)
        self.c.second = <double*>doubles(state.second)
        self.c.first_intercept = <double*>doubles(state.first_intercept)
        self.c.second_intercept = <double*>doubles(state.second_intercept)
        self.c.steps = state.steps
        self.c.samples_seen = state.samples_seen

    def set_schedule(self, double eta0, double t0, double power):
        """Set eta(t) = eta0 / (t0 + t)^power."""
        self.settings.schedule = CSchedule(eta0, t0, power)

    def run_epoch(self, order):
        """Take the steps of one pass over `order`.

        Gives the sum of s * loss at the raw predictions on the way, the sum of the
        learning rates of the steps, whether all raw predictions were finite, the
        squared length of what (w, b) moved, and the penalty at the end.
        """
        cdef Rows rows = rows_of(order)
        cdef Report report
        with nogil:
            report = self.design.engine.get().run_epoch(
                self.samples.c, rows, self.settings, self.c)
        self.loss.check()
        self.state.owed = self.c.owed
        self.state.average_count = self.c.average.count
        self.state.steps = self.c.steps
        self.state.samples_seen = self.c.samples_seen
        return (report.loss_sum, report.eta_sum, report.finite, report.moved,
                report.penalty)


def loss_sum(Design design, Samples samples, rows, coef, intercept, loss,
             double parameter, int n_threads):
    """Give the sum of s * loss over the rows; `coef` in the design's layout and type."""
    cdef Rows r = rows_of(rows)
    cdef const void* v = address(coef, design.dtype)
    cdef const double* b = doubles(intercept)
    cdef CoreLoss core = CoreLoss(loss, parameter)
    cdef CLoss c_loss = core.c
    cdef Total total
    with nogil:
        total = design.engine.get().loss_sum(samples.c, r, v, b, c_loss, n_threads)
    core.check()
    return total.loss_sum if total.finite else np.inf


def evaluate_loss(loss, double parameter, y, z, weight):
    """Give the weighted sum of losses and the weighted derivatives at z.

    y and z are arrays of shape (n,); for "softmax" z is (K, n) and y holds codes, int32.
    """
    cdef CoreLoss core = CoreLoss(loss, parameter)
    cdef CLoss c_loss = core.c
    cdef size_t K = 1 if z.ndim == 1 else z.shape[0], n = z.shape[z.ndim - 1]
    d = np.empty(z.shape)
    cdef CSamples c = samples_of(y, weight, None, K)
    cdef const double* c_z = doubles(z)
    cdef double* c_d = <double*>doubles(d)
    with nogil:
        total = c_evaluate(c_loss, n, K, c.y, c.code.wide, c_z, c.weight, c_d)
    core.check()
    return total, d


def take_step(rule, double eta, double t, gradient, first, second, w):
    """Take an optimizer's step number t = 1, 2, ... along a gradient that is given.

    Writes to w and to the optimizer's state `first` and `second`; arrays of float64 of
    one length.
    """
    cdef COptimizer optimizer = optimizer_of(rule)
    cdef size_t n = len(w)
    if not len(gradient) == len(first) == len(second) == <Py_ssize_t>n:
        raise ValueError("the gradient, the state and w must have one length")
    c_take_step(optimizer, eta, t, n, doubles(gradient), <double*>doubles(first),
                <double*>doubles(second), <double*>doubles(w))
