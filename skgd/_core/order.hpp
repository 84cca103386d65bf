// The order of the rows: which there are to train on, and how they are shuffled.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace skgd {

// The training rows: all of `n_samples`, or those that `kept` marks.
struct Kept {
  const std::uint8_t* kept;  // null for all
  std::size_t n_samples;

  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t row = 0; row < n_samples; ++row)
      if (kept == nullptr || kept[row]) visit(static_cast<std::uint32_t>(row));
  }
};

// A number in [0, n): splitmix64 (Steele, Lea, Flood, OOPSLA 2014), and Lemire's
// multiply-shift in place of a division. 2-4 ns.
inline std::size_t draw(std::size_t n, std::uint64_t& state) {
  std::uint64_t x = (state += 0x9e3779b97f4a7c15ULL);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  x ^= x >> 31;
  return ((x >> 32) * n) >> 32;
}

// Fisher and Yates, from the inside out (Knuth, TAOCP 3.4.2): the order that was there
// before is not read, so that an epoch's order depends on the generator alone.
inline void shuffle(const Kept& rows, std::uint32_t* order, std::uint64_t& state) {
  std::size_t n = 0;
  rows.each([&](std::uint32_t row) {
    const std::size_t place = draw(n + 1, state);
    order[n++] = order[place];
    order[place] = row;
  });
}

// The same of what is in the array.
inline void shuffle(std::uint32_t* order, std::size_t n, std::uint64_t& state) {
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[draw(i, state)]);
}

// Blocks of neighbours in random order, each in random order in itself: of rows on a
// disk, what is read together lies together. The rows come in their order.
inline void shuffle_blocks(std::uint32_t* order, std::size_t n, std::size_t block,
                           std::uint64_t& state) {
  const std::vector<std::uint32_t> rows(order, order + n);
  std::vector<std::uint32_t> blocks((n + block - 1) / block);
  std::iota(blocks.begin(), blocks.end(), 0);
  shuffle(blocks.data(), blocks.size(), state);
  for (const std::size_t b : blocks) {
    const std::size_t begin = b * block, size = std::min(block, n - begin);
    std::copy_n(rows.data() + begin, size, order);
    shuffle(order, size, state);
    order += size;
  }
}

inline void put_in_order(const Kept& rows, std::uint32_t* order) {
  rows.each([&](std::uint32_t row) { *order++ = row; });
}

}  // namespace skgd
