# cython: language_level=3
"""Where an array of NumPy begins in memory."""


cdef inline const void* address(array, dtype=None, shape=None) except? NULL:
    """Address of a C-contiguous array's first value; NULL for None or empty.

    Raises if its dtype or shape is not what is asked for.
    """
    if array is None:
        return NULL
    if dtype is not None and array.dtype != dtype:
        raise TypeError(f"expected {dtype}, got {array.dtype}")
    if shape is not None and array.shape != shape:
        raise ValueError(f"expected an array of shape {shape}, got {array.shape}")
    if not array.flags.c_contiguous:
        raise ValueError("expected a C-contiguous array")
    if array.size == 0:
        return NULL
    cdef const unsigned char[::1] memory = array.reshape(-1).view("u1")
    return <const void*>&memory[0]


cdef inline double* doubles(array, shape=None) except? NULL:
    return <double*>address(array, "f8", shape)
