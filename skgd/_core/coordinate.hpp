// Descent on a quadratic model with kinks:
//   q(v) = g'(v - u) + (v - u)'H(v - u)/2 + sum_j l1_j |v_j|,  v_j >= 0 where asked.
// Coordinate steps find which coefficients are zero and how the others are signed; on
// that face the model is smooth, and an exact Newton step along it, bent where a
// coefficient reaches zero, does at once what takes coordinate steps alone thousands of
// sweeps if H is badly conditioned.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "cholesky.hpp"

namespace skgd {

struct Kinks {
  const double* l1;
  const uint8_t* nonnegative;

  SKGD_INLINE bool kinked(size_t j) const { return l1[j] > 0 || nonnegative[j]; }
  // argmin_v of c v + a v^2/2 + l1_j |v| with ax = a v - c.
  SKGD_INLINE double minimiser(size_t j, double a, double ax) const {
    if (nonnegative[j]) return std::max(ax - l1[j], 0.0) / a;
    double size = std::fabs(ax) - l1[j];
    return size > 0 ? std::copysign(size, ax) / a : 0.0;
  }
  // The slope of l1_j |v| on v's side.
  SKGD_INLINE double slope(size_t j, double v) const {
    return v > 0 ? l1[j] : v < 0 ? -l1[j] : 0.0;
  }
};

struct Goal {
  double absolute, relative;  // of the decrease so far
  int swept_rounds;  // with sweeps over all; later only zeros that promise enter
  int max_rounds;
};

struct Decrease {
  double total, left;  // of q: in all, and in later rounds if they go on like these
  int rounds;
};

// The decreases of rounds, of which each is a share of the one before, in the end.
class Rounds {
 public:
  void add(double gain) {
    total_ += gain;
    gains_.push_back(gain);
  }
  double total() const { return total_; }
  bool go_on(const Goal& goal) const {
    size_t n = gains_.size();
    if (n >= static_cast<size_t>(goal.max_rounds)) return false;
    if (n == 0) return true;
    // How fast rounds fall, a few have to show, unless nothing is to be gained.
    double enough = std::max(goal.absolute, goal.relative * total_);
    return gains_.back() > (n < kFew ? kNothing : 1.0) * enough;
  }
  Decrease decrease() const {
    return {total_, left(), static_cast<int>(gains_.size())};
  }

 private:
  double left() const {
    if (gains_.empty() || !(gains_.back() > 0)) return 0;
    // The first rounds gain far more, and would make the rate of later ones small.
    size_t n = gains_.size(),
           apart = n == 1 ? 0 : std::clamp(n / 3, size_t{1}, kWindow);
    double last = gains_.back(), before = gains_[n - 1 - apart];
    double rate = apart ? std::pow(last / std::max(before, last), 1.0 / apart) : 0.5;
    return kSlower * last * rate / std::max(1.0 - rate, kSlowest);
  }

  static constexpr size_t kWindow = 8, kFew = 4;
  static constexpr double kNothing = 1e-2;
  static constexpr double kSlower = 3.0;    // rates grow: measured, up to three times
  static constexpr double kSlowest = 1e-3;  // 1 - rate, at least
  double total_ = 0;
  std::vector<double> gains_;
};

class GramDescent {
 public:
  GramDescent(size_t p, const double* H, Kinks kinks, double* v, double* r)
      : p_(p), H_(H), kinks_(kinks), v_(v), r_(r), start_(v, v + p), g_(r, r + p) {}

  // v moves, and r becomes g + H(v - u).
  Decrease run(Goal goal) {
    Rounds rounds;
    for (int round = 1; rounds.go_on(goal); ++round) {
      // Once the face is solved, moving its coefficients one by one would only undo it.
      bool settled = round > goal.swept_rounds;
      double gain = settled ? enter() : sweep();
      double enough = std::max(goal.absolute, goal.relative * rounds.total());
      if (!settled) gain += sweep_support(0.01 * enough);
      rounds.add(gain + face_steps());
      refresh();
    }
    return rounds.decrease();
  }

 private:
  double diagonal(size_t j) const { return H_[j * p_ + j]; }

  double step(size_t j) {
    double a = diagonal(j), v = v_[j];
    if (!(a > 0)) return 0;
    double moved = kinks_.minimiser(j, a, a * v - r_[j]), delta = moved - v;
    if (delta == 0) return 0;
    double gain = -delta * (r_[j] + 0.5 * a * delta) -
                  kinks_.l1[j] * (std::fabs(moved) - std::fabs(v));
    v_[j] = moved;
    add_scaled(p_, delta, H_ + j * p_, r_);
    return gain;
  }

  // What q falls by if a coefficient that is zero moves alone.
  double promise(size_t j) const {
    double a = diagonal(j);
    if (v_[j] != 0 || !(a > 0)) return 0;
    double moved = kinks_.minimiser(j, a, -r_[j]);
    return 0.5 * a * moved * moved;
  }

  // Steps of the zeros that promise most.
  double enter() {
    double most = 0, gain = 0;
    for (size_t j = 0; j < p_; ++j) most = std::max(most, promise(j));
    for (size_t j = 0; j < p_; ++j)
      if (promise(j) > kEnter * most) gain += step(j);
    return gain;
  }

  double sweep() {
    double gain = 0;
    for (size_t j = 0; j < p_; ++j) gain += step(j);
    return gain;
  }

  // As many sweeps as cost about what a factor does; fewer where they settle.
  double sweep_support(double enough) {
    find_face();
    double gain = 0, last;
    for (size_t k = 0; k < 2 + face_.size() / 16; ++k) {
      last = 0;
      for (size_t j : face_) last += step(j);
      gain += last;
      if (!(last > enough) || last < 1e-3 * gain) break;
    }
    return gain;
  }

  void find_face() {
    face_.clear();
    for (size_t j = 0; j < p_; ++j)
      if (diagonal(j) > 0 && (v_[j] != 0 || !kinks_.kinked(j))) face_.push_back(j);
  }

  // Newton steps until one is taken whole, without a bend. One factor serves them all:
  // what reached zero is held there by multipliers.
  double face_steps() {
    find_face();
    if (face_.empty()) return 0;
    factor_.factor(face_.size(), kJitter,
                   [&](size_t i, size_t j) { return H_[face_[i] * p_ + face_[j]]; });
    held_.clear();
    columns_.clear();
    double gain = 0;
    bool whole = false;
    while (!whole && held_.size() < kMostHeld) {
      find_direction();
      find_image();
      double last = arc(whole);
      refresh();
      gain += last;
      if (!(last > 0)) break;
    }
    return gain;
  }

  // H_SS direction + multipliers of what is held = -slope, direction 0 there.
  void find_direction() {
    size_t m = face_.size(), k = held_.size();
    while (columns_.size() < k) {
      std::vector<double> column(m, 0.0);
      column[held_[columns_.size()]] = 1;
      factor_.solve(column.data());
      columns_.push_back(std::move(column));
    }
    direction_.resize(m);
    for (size_t i = 0; i < m; ++i) direction_[i] = -slope(i);
    for (size_t i : held_) direction_[i] = 0;
    factor_.solve(direction_.data());
    if (k == 0) return;
    std::vector<double> multiplier(k);
    for (size_t a = 0; a < k; ++a) multiplier[a] = direction_[held_[a]];
    small_.factor(k, 0.0, [&](size_t a, size_t b) { return columns_[b][held_[a]]; });
    small_.solve(multiplier.data());
    for (size_t a = 0; a < k; ++a)
      add_scaled(m, -multiplier[a], columns_[a].data(), direction_.data());
    for (size_t i : held_) direction_[i] = 0;
  }

  double slope(size_t i) const {
    size_t j = face_[i];
    return r_[j] + kinks_.slope(j, v_[j]);
  }

  // image_ = H_SS direction.
  void find_image() {
    size_t m = face_.size();
    whole_direction_.assign(p_, 0.0);
    for (size_t i = 0; i < m; ++i) whole_direction_[face_[i]] = direction_[i];
    image_.resize(m);
    for (size_t i = 0; i < m; ++i)
      image_[i] = dot(p_, H_ + face_[i] * p_, whole_direction_.data());
  }

  // Follow the direction to the first minimum of q; a coefficient that reaches zero
  // stays there, and the rest goes on.
  double arc(bool& whole) {
    double gain = 0;
    whole = true;
    for (size_t bends = 0; bends <= face_.size(); ++bends) {
      double first = 0, second = 0, limit = kFar;
      size_t hit = face_.size();
      for (size_t i = 0; i < face_.size(); ++i) {
        size_t j = face_[i];
        first += slope(i) * direction_[i];
        second += image_[i] * direction_[i];
        if (!kinks_.kinked(j) || !(v_[j] * direction_[i] < 0)) continue;
        double t = -v_[j] / direction_[i];
        if (t < limit) limit = t, hit = i;
      }
      if (!(first < 0)) break;
      double t = second > 0 ? -first / second : kFar;
      bool bend = !(t < limit);
      if (bend && hit == face_.size()) t = 1;  // no curvature, no kink: rounding
      if (bend && hit < face_.size()) t = limit;
      gain -= t * (first + 0.5 * t * second);
      advance(t);
      if (!bend || hit == face_.size()) break;
      whole = false;
      fix(hit);
    }
    return gain;
  }

  void advance(double t) {
    for (size_t i = 0; i < face_.size(); ++i) {
      v_[face_[i]] += t * direction_[i];
      r_[face_[i]] += t * image_[i];
    }
  }

  void fix(size_t i) {
    const double* row = H_ + face_[i] * p_;
    for (size_t k = 0; k < face_.size(); ++k)
      image_[k] -= direction_[i] * row[face_[k]];
    direction_[i] = 0;
    v_[face_[i]] = 0;
    held_.push_back(i);
  }

  // r = g + H(v - u), without the rounding of many steps.
  void refresh() {
    std::copy(g_.begin(), g_.end(), r_);
    for (size_t j = 0; j < p_; ++j)
      if (v_[j] != start_[j]) add_scaled(p_, v_[j] - start_[j], H_ + j * p_, r_);
  }

  static constexpr double kEnter = 0.3;
  static constexpr size_t kMostHeld = 64;
  static constexpr double kJitter = 1e-12;  // of a unit diagonal
  static constexpr double kFar = 1e300;
  size_t p_;
  const double* H_;
  Kinks kinks_;
  double *v_, *r_;
  std::vector<double> start_, g_, direction_, image_, whole_direction_;
  std::vector<std::vector<double>> columns_;  // of the inverse, for what is held
  std::vector<size_t> face_, held_;
  Cholesky factor_, small_;
};

}  // namespace skgd
