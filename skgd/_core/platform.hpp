// What the compiler is asked for, in one place.
#pragma once

#include <cmath>
#include <cstddef>  // a libc header first: it defines __GLIBC__
#include <cstdint>

// The loops are cloned for three instruction sets and the loader picks one. The
// attribute needs ifunc (glibc); it stands on plain functions only, and all that
// they call is inlined, so that whole loops are cloned. Sanitizers are not up yet when
// the loader asks, and gcov would count each clone for itself.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && \
    defined(__GLIBC__) && !defined(SKGD_NO_CLONES) &&                  \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SKGD_CLONED
#define SKGD_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SKGD_CLONES
#endif

#if defined(__GNUC__)
#define SKGD_INLINE inline __attribute__((always_inline))
#define SKGD_INLINE_LAMBDA __attribute__((always_inline))
// Into the second-level cache: the first has room for few outstanding lines.
#define SKGD_PREFETCH(address) __builtin_prefetch(address, 0, 2)
#else
#define SKGD_INLINE inline
#define SKGD_INLINE_LAMBDA
#define SKGD_PREFETCH(address) (void)(address)
#endif

namespace skgd {

// max(x, 0), NaN for NaN. Of `x > 0 ? x : 0` gcc makes a branch that can't be
// predicted, which costs a step with l1 on sparse rows 40 % (measured).
template <class T>
SKGD_INLINE T positive_part(T x) {
  return T(0.5) * (x + std::fabs(x));
}

}  // namespace skgd
