# cython: language_level=3
"""Where a routine of BLAS or LAPACK begins in memory."""

from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer


cdef inline void* routine(library, name) except NULL:
    """Address of what scipy.linalg.cython_blas or cython_lapack exports."""
    capsule = library.__pyx_capi__[name]
    return PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule))
