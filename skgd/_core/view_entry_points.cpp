// The loops of view.hpp, compiled once for each instruction set.
#include "view.hpp"

namespace skgd {

#define SKGD_DEFINE(CLONES, Design, T)                                              \
  CLONES void centred_dots_entry(const Design& X, const double* mean,               \
                                 const Chunk& chunk, const double* u, double* z) {  \
    centred_dots(X, mean, chunk, u, z);                                             \
  }                                                                                 \
  CLONES void add_centred_entry(const Design& X, const double* mean,                \
                                const Chunk& chunk, const double* r, double* g) {   \
    add_centred<1>(X, mean, chunk, r, g);                                           \
  }                                                                                 \
  CLONES void add_centred_squared_entry(const Design& X, const double* mean,        \
                                        const Chunk& chunk, const double* r,        \
                                        double* g) {                                \
    add_centred<2>(X, mean, chunk, r, g);                                           \
  }                                                                                 \
  CLONES void add_gradient_entry(const Design& X, const double* mean,               \
                                 const Chunk& chunk, const double* u, double b,     \
                                 const SampleLoss& f, double* g) {                  \
    add_gradient(X, mean, chunk, u, b, f, g);                                       \
  }                                                                                 \
  CLONES void add_range_entry(const Design& X, const Chunk& chunk, const double* s, \
                              double* sum, double* low, double* high) {             \
    add_range(X, chunk, s, sum, low, high);                                         \
  }
SKGD_DESIGNS(SKGD_DEFINE)

#define SKGD_DEFINE_BLOCK(T)                                                          \
  SKGD_CLONES void write_block_entry(                                                 \
      const Dense<T>& X, const double* mean, const double* scale, const Chunk& chunk, \
      const double* factor, std::size_t width, double* out) {                         \
    write_block(X, mean, scale, chunk, factor, width, out);                           \
  }
SKGD_DEFINE_BLOCK(float)
SKGD_DEFINE_BLOCK(double)

SKGD_CLONES void add_tiles_entry(std::size_t width, std::size_t m, const double* block,
                                 double* gram) {
  add_tiles(width, m, block, gram);
}

}  // namespace skgd
