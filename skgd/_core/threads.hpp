// Work that several threads share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace skgd {

// Chunks of 2^18 values of some rows, at most 16, whose own sums, of the given size,
// take at most 1/16 of the rows' size.
template <class Design>
std::size_t chunk_count(const Design& X, std::size_t n_rows, std::size_t size) {
  const double share =
      static_cast<double>(n_rows) / std::max<std::size_t>(X.n_samples, 1);
  const double values = share * static_cast<double>(X.n_values());
  const double most = std::min({16.0, values / 262144.0, values / (16.0 * size + 1.0)});
  return std::max<std::size_t>(1, static_cast<std::size_t>(most));
}

// Threads, this one included, that n_chunks keep busy.
inline int worker_count(std::size_t n_chunks, int n_threads) {
  return std::max(1, std::min<int>(n_threads, static_cast<int>(n_chunks)));
}

// Calls work(worker, c) for each chunk c, on up to n_threads threads; `worker` counts
// these from 0, which is the caller. Each takes the next chunk that is left.
template <class Work>
void for_chunks(std::size_t n_chunks, int n_threads, const Work& work) {
  std::atomic<std::size_t> next{0};
  const auto loop = [&](int worker) {
    for (std::size_t c; (c = next++) < n_chunks;) work(worker, c);
  };
  const int n_workers = worker_count(n_chunks, n_threads);
  std::vector<std::thread> threads;
  threads.reserve(n_workers - 1);
  try {
    for (int i = 1; i < n_workers; ++i) threads.emplace_back(loop, i);
  } catch (const std::system_error&) {
    // no more threads to be had: those there are take the other chunks
  }
  loop(0);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace skgd
