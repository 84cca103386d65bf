// What the intercept alone decides: its best value for given predictions, and the dual
// variables of rows without entries.
//
// Row i has the loss l_i(z) = max over t in [lo_i, hi_i] of
// t (z - centre_i) - e |t| - gamma_i t^2 / 2: with gamma = 0 its slope is lo_i at
// first, and rises at a kink or, for e > 0, at two.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace skgd {

using Kinks = std::vector<std::pair<double, double>>;  // where, and how much it rises

// The kinks of b -> l(z + b); gives the slope before them.
template <class Row>
double add_kinks(const Row& row, double e, double z, Kinks& kinks) {
  const double kink = row.centre - z;
  if (e == 0.0) {
    kinks.emplace_back(kink, row.hi - row.lo);
  } else {
    kinks.emplace_back(kink - e, -row.lo);
    kinks.emplace_back(kink + e, row.hi);
  }
  return row.lo;
}

// The b that minimises sum_i l_i(z_i + b): the kink where the slope passes zero.
template <class Row>
double best_intercept(const std::vector<Row>& rows, double e,
                      const std::vector<double>& z, Kinks& kinks) {
  kinks.clear();
  double slope = 0.0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    slope += add_kinks(rows[i], e, z[i], kinks);
  auto first = kinks.begin(), last = kinks.end();
  while (last - first > 1) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last);
    double rise = 0.0;
    for (auto k = first; k != middle; ++k) rise += k->second;
    if (slope + rise > 0.0) {
      last = middle;
    } else {
      slope += rise;
      first = middle;
    }
  }
  return first->first;
}

// The slope of a loss with gamma > 0, r = z - centre.
template <class Row>
double slope(const Row& row, double e, double r) {
  const double soft = std::copysign(std::max(std::fabs(r) - e, 0.0), r);
  return std::min(row.hi, std::max(row.lo, soft / row.gamma));
}

// The b that minimises sum_i l_i(z_i + b) where every gamma is above zero, by Newton
// steps from the b given between bounds that close; as near as rounding lets it be.
template <class Row>
double smooth_intercept(const std::vector<Row>& rows, double e,
                        const std::vector<double>& z, double b) {
  constexpr int kMost = 60;
  constexpr double kRounding = 1e-15;  // of the slopes' sizes
  double low = -INFINITY, high = INFINITY;
  for (int step = 0; step < kMost; ++step) {
    double sum = 0.0, size = 0.0, curvature = 0.0, farthest = 0.0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double r = z[i] + b - rows[i].centre, t = slope(rows[i], e, r);
      farthest = std::max(farthest, std::fabs(r) + e);
      sum += t;
      size += std::fabs(t);
      if (t != 0.0 && t > rows[i].lo && t < rows[i].hi) curvature += 1 / rows[i].gamma;
    }
    if (!(std::fabs(sum) > kRounding * size)) return b;
    (sum > 0.0 ? high : low) = b;
    double next = curvature > 0.0 ? b - sum / curvature : low;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (!std::isfinite(next)) next = b - std::copysign(farthest, sum);
    if (!std::isfinite(next) || next == b) return b;
    b = next;
  }
  return b;
}

// Rows of which b is the whole prediction. Step by step their dual variables would take
// a thousand sweeps to where they belong; all at once it is a walk over their kinks.
class EmptyRows {
 public:
  template <class Row>
  void find(const std::vector<Row>& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (rows[i].begin == rows[i].end && std::isfinite(rows[i].centre))
        positions_.push_back(i);
  }

  bool none() const { return positions_.empty(); }
  template <class Row>
  bool has(const Row& row) const {
    return !none() && row.begin == row.end;
  }

  // Sets their t, and gives b = centre - beta (others + sum t): the minimum of
  // sum_i l_i(b) + others b + (b - centre)^2 / (2 beta).
  template <class Row>
  double settle(std::vector<Row>& rows, double e, double others, double centre,
                double beta) {
    double slope = others;
    kinks_.clear();
    for (const std::size_t i : positions_) slope += add_kinks(rows[i], e, 0.0, kinks_);
    std::sort(kinks_.begin(), kinks_.end(),
              [](const auto& a, const auto& c) { return a.first < c.first; });
    double b = centre - beta * slope;
    for (const auto& [kink, rise] : kinks_) {
      if (b <= kink) break;
      slope += rise;
      b = std::max(kink, centre - beta * slope);
      if (b == kink) break;
    }
    spread(rows, e, b, (centre - b) / beta - others);
    return b;
  }

 private:
  std::vector<std::size_t> positions_;
  Kinks kinks_;

  // Sets t to the slopes at b, and those whose kink is at b so that all add up to
  // `total`.
  template <class Row>
  void spread(std::vector<Row>& rows, double e, double b, double total) {
    double room = 0.0;
    for (const std::size_t i : positions_) {
      const auto [low, high] = slopes(rows[i], e, b);
      rows[i].t = low;
      total -= low;
      room += high - low;
    }
    if (!(room > 0.0)) return;
    const double share = std::min(1.0, std::max(0.0, total / room));
    for (const std::size_t i : positions_) {
      const auto [low, high] = slopes(rows[i], e, b);
      rows[i].t = low + share * (high - low);
    }
  }

  // The least and the greatest slope of l at b; where they differ, b is a kink.
  template <class Row>
  static std::pair<double, double> slopes(const Row& row, double e, double b) {
    const double left = row.centre - e, right = row.centre + e;
    const double low = b > right ? row.hi : b > left && e > 0.0 ? 0.0 : row.lo;
    const double high = b < left ? row.lo : b < right && e > 0.0 ? 0.0 : row.hi;
    return {low, high};
  }
};

}  // namespace skgd
