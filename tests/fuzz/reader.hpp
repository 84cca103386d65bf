// What a fuzzer's bytes are read as. When they are used up, a generator seeded by them
// goes on, so that a short input still fills arrays with something else than zeros.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>

// An assertion that holds in every build.
#define CHECK(condition)                                                   \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (false)

namespace fuzz {

// An array of exactly its size on the heap, so that a read beyond it is seen; as the
// Python shell hands it over, it has no address if it is empty.
template <class T>
struct Array {
  std::size_t size;
  std::unique_ptr<T[]> values;

  explicit Array(std::size_t n = 0, T value = T())
      : size(n), values(n == 0 ? nullptr : new T[n]) {
    std::fill_n(values.get(), n, value);
  }
  T* data() const { return values.get(); }
  T& operator[](std::size_t i) const { return values[i]; }
};

class Reader {
 public:
  Reader(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {
    state_ = size;
    for (std::size_t i = 0; i < size; ++i) state_ = state_ * 0x100000001b3ULL ^ data[i];
  }

  std::uint64_t bits(int n_bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < n_bytes; ++i) value = value << 8 | byte();
    return value;
  }
  std::size_t below(std::size_t n) { return n <= 1 ? 0 : bits(n > 256 ? 4 : 1) % n; }
  bool flag() { return byte() & 1; }
  bool seldom() { return byte() >= 240; }

  // Mostly numbers near one; `wild` ones are of any size, infinite or NaN.
  double real(bool wild) {
    const std::uint8_t kind = byte();
    if (kind < 24) return 0.0;
    if (kind < 240 || !wild) return (static_cast<int>(bits(2)) - 32768) / 8192.0;
    if (kind < 248) {
      constexpr double kSpecial[] = {1e308,  -1e308,
                                     1e-308, 5e-324,
                                     1e200,  std::numeric_limits<double>::infinity(),
                                     -1e200, std::numeric_limits<double>::quiet_NaN()};
      return kSpecial[below(8)];
    }
    const std::uint64_t pattern = bits(8);
    double value;
    std::memcpy(&value, &pattern, sizeof value);
    return value;
  }

  template <class T = double>
  Array<T> reals(std::size_t n, bool wild) {
    Array<T> array(n);
    for (std::size_t i = 0; i < n; ++i) array[i] = narrowed<T>(real(wild));
    return array;
  }
  // Numbers >= 0, as weights and penalties are.
  Array<double> weights(std::size_t n, bool wild) {
    Array<double> array = reals(n, wild);
    for (std::size_t i = 0; i < n; ++i) array[i] = std::fabs(array[i]);
    return array;
  }
  // `n` positions below `most`.
  template <class I>
  Array<I> positions(std::size_t n, std::size_t most) {
    Array<I> array(n);
    for (std::size_t i = 0; i < n; ++i) array[i] = static_cast<I>(below(most));
    return array;
  }

 private:
  template <class T>
  static T narrowed(double value) {  // what float has not, it has as an infinity
    if (std::fabs(value) > static_cast<double>(std::numeric_limits<T>::max()))
      return std::copysign(std::numeric_limits<T>::infinity(),
                           static_cast<T>(value > 0 ? 1 : -1));
    return static_cast<T>(value);
  }

  std::uint8_t byte() {
    if (left_ > 0) return --left_, *data_++;
    std::uint64_t x = (state_ += 0x9e3779b97f4a7c15ULL);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<std::uint8_t>(x >> 56);
  }

  const std::uint8_t* data_;
  std::size_t left_;
  std::uint64_t state_;
};

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
