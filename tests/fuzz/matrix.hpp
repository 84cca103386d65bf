// Design matrices for the fuzzers: dense ones, sound CSR ones, and CSR arrays of any
// content, of which the core must find out whether they are sound.
#pragma once

#include "reader.hpp"

namespace fuzz {

template <class T, class I>
struct CsrArrays {
  std::size_t n, d;
  Array<T> values;
  Array<I> indices, indptr;

  std::size_t n_stored() const { return std::min(values.size, indices.size); }

  // Whether each row lies within the arrays and names columns that there are.
  bool sound() const {
    if (indptr[0] != 0) return false;
    for (std::size_t i = 0; i < n; ++i) {
      if (indptr[i] > indptr[i + 1]) return false;
      if (static_cast<std::uint64_t>(indptr[i + 1]) > n_stored()) return false;
      for (I p = indptr[i]; p < indptr[i + 1]; ++p)
        if (indices[p] < 0 || static_cast<std::uint64_t>(indices[p]) >= d) return false;
    }
    return true;
  }

  // Entries of a column named twice add up.
  Array<T> dense() const {
    Array<T> X(n * d);
    for (std::size_t i = 0; i < n; ++i)
      for (I p = indptr[i]; p < indptr[i + 1]; ++p) X[i * d + indices[p]] += values[p];
    return X;
  }
};

template <class T, class I>
CsrArrays<T, I> make_csr(Reader& in, std::size_t n, std::size_t d, bool wild) {
  CsrArrays<T, I> X{n, d, Array<T>(), Array<I>(), Array<I>(n + 1)};
  for (std::size_t i = 0; i < n; ++i)
    X.indptr[i + 1] = X.indptr[i] + static_cast<I>(d == 0 ? 0 : in.below(d + 3));
  const std::size_t stored = static_cast<std::size_t>(X.indptr[n]) + in.below(3);
  X.values = in.reals<T>(stored, wild);
  X.indices = in.positions<I>(stored, d);
  return X;
}

// One of the defects that a matrix put together by hand may have, or several.
template <class T, class I>
void corrupt(Reader& in, CsrArrays<T, I>& X) {
  for (std::size_t times = 1 + in.below(3); times > 0; --times) {
    const auto any = [&]() {
      return static_cast<I>(in.flag() ? in.bits(sizeof(I)) : in.bits(1) - 128);
    };
    switch (in.below(5)) {
      case 0:
        X.indptr[in.below(X.indptr.size)] = any();
        break;
      case 1:
        if (X.indices.size > 0) X.indices[in.below(X.indices.size)] = any();
        break;
      case 2:
        std::swap(X.indptr[in.below(X.indptr.size)], X.indptr[in.below(X.indptr.size)]);
        break;
      case 3:
        X.values = in.reals<T>(in.below(X.values.size + 1), false);
        break;
      case 4:
        X.indices = in.positions<I>(in.below(X.indices.size + 1), X.d + 1);
        break;
    }
  }
}

}  // namespace fuzz
