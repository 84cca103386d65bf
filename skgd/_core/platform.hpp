// What the compiler is asked for, in one place.
#pragma once

#include <cstddef>  // a libc header first: it defines __GLIBC__
#include <cstdint>

// The loops are cloned for three instruction sets and the loader picks one. The
// attribute needs ifunc (glibc); it stands on plain functions only, and all that
// they call is inlined, so that whole loops are cloned.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && \
    defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define SKGD_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SKGD_CLONES
#endif

#if defined(__GNUC__)
#define SKGD_INLINE inline __attribute__((always_inline))
#define SKGD_PREFETCH(address) __builtin_prefetch(address)
#else
#define SKGD_INLINE inline
#define SKGD_PREFETCH(address) (void)(address)
#endif
