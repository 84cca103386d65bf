// The loops of sample_space.hpp, compiled once for each instruction set.
#include "sample_space.hpp"

namespace skgd {

SKGD_CLONES double evaluate_entry(const SampleLoss& loss, Range rows, const double* z,
                                  double* d, double* h) {
  return evaluate_range(loss, rows, z, d, h);
}

SKGD_CLONES void plane_entry(const SampleLoss& loss, Range rows, const double* z,
                             const double* directions, const double* c,
                             BlockMemory& memory, Plane& plane) {
  add_plane(loss, rows, z, directions, c, memory, plane);
}

}  // namespace skgd
