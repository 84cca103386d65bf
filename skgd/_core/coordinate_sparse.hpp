// The same descent as coordinate.hpp's for H = X' diag(h) X + ridge over columns of a
// sparse X, which is never formed: the weighted residual
//   e = l'(z) + h (X q (v - u) + b - b_u)
// is kept, a face step is a conjugate gradient's, and the intercept is raw.
#pragma once

#include "coordinate.hpp"

namespace skgd {

struct SparseColumns {
  size_t n, p;
  const double* value;
  const int32_t* row;
  const int64_t* begin;
  const double* scale;

  SKGD_INLINE double product(size_t j, const double* r) const {
    double sum = 0;
    for (int64_t k = begin[j]; k < begin[j + 1]; ++k) sum += value[k] * r[row[k]];
    return sum * scale[j];
  }
  SKGD_INLINE void add(size_t j, double v, double* z) const {
    double u = v * scale[j];
    for (int64_t k = begin[j]; k < begin[j + 1]; ++k) z[row[k]] += u * value[k];
  }
};

class SparseDescent {
 public:
  SparseDescent(SparseColumns X, const double* h, const double* ridge, Kinks kinks,
                bool free_intercept, double* v, double* b, double* e)
      : X_(X),
        h_(h),
        ridge_(ridge),
        kinks_(kinks),
        free_(free_intercept),
        v_(v),
        b_(b),
        e_(e),
        image_(X.n) {
    total_ = 0;
    for (size_t i = 0; i < X.n; ++i) total_ += h[i];
    free_ = free_ && total_ > 0;
    for (size_t j = 0; j < X.p; ++j) {
      double a = 0;
      for (int64_t k = X.begin[j]; k < X.begin[j + 1]; ++k)
        a += h[X.row[k]] * X.value[k] * X.value[k];
      diagonal_.push_back(a * X.scale[j] * X.scale[j] + ridge[j]);
    }
  }

  // v and b move; e follows.
  Decrease run(Goal goal) {
    Rounds rounds;
    while (rounds.go_on(goal)) {
      double gain = 0;
      for (size_t j = 0; j < X_.p; ++j) gain += step(j);
      gain += step_intercept();
      gain += sweep_support();
      double enough = std::max(goal.absolute, goal.relative * rounds.total());
      rounds.add(gain + face_steps(enough));
    }
    return rounds.decrease();
  }

 private:
  double gradient(size_t j) const { return X_.product(j, e_) + ridge_[j] * v_[j]; }

  double step(size_t j) {
    double a = diagonal_[j], v = v_[j];
    if (!(a > 0)) return 0;
    double r = gradient(j), moved = kinks_.minimiser(j, a, a * v - r),
           delta = moved - v;
    if (delta == 0) return 0;
    v_[j] = moved;
    double u = delta * X_.scale[j];
    for (int64_t k = X_.begin[j]; k < X_.begin[j + 1]; ++k)
      e_[X_.row[k]] += h_[X_.row[k]] * u * X_.value[k];
    return -delta * (r + 0.5 * a * delta) -
           kinks_.l1[j] * (std::fabs(moved) - std::fabs(v));
  }

  double step_intercept() {
    if (!free_) return 0;
    double r = 0;
    for (size_t i = 0; i < X_.n; ++i) r += e_[i];
    double delta = -r / total_;
    *b_ += delta;
    add_scaled(X_.n, delta, h_, e_);
    return 0.5 * r * r / total_;
  }

  double sweep_support() {
    find_face();
    double gain = 0, last;
    for (int k = 0; k < kSweeps; ++k) {
      last = 0;
      for (size_t j : face_) last += step(j);
      last += step_intercept();
      gain += last;
      if (!(last > 1e-2 * gain)) break;
    }
    return gain;
  }

  void find_face() {
    face_.clear();
    for (size_t j = 0; j < X_.p; ++j)
      if (diagonal_[j] > 0 && (v_[j] != 0 || !kinks_.kinked(j))) face_.push_back(j);
  }

  double face_steps(double enough) {
    double gain = 0;
    for (int k = 0; k < kFaceSteps; ++k) {
      find_face();
      if (face_.empty()) break;
      find_direction();
      double last = follow();
      gain += last;
      if (!bent_ || !(last > std::max(enough, 0.1 * gain))) break;
    }
    return gain;
  }

  // p_ of the face and the intercept: conjugate gradients on H p = -slope, with the
  // diagonal for a preconditioner.
  void find_direction() {
    size_t m = face_.size(), size = m + 1;
    std::vector<double> r(size, 0.0), s(size), q(size);
    for (size_t i = 0; i < m; ++i)
      r[i] = -gradient(face_[i]) - kinks_.slope(face_[i], v_[face_[i]]);
    if (free_)
      for (size_t i = 0; i < X_.n; ++i) r[m] -= e_[i];
    p_.assign(size, 0.0);
    double before = precondition(r, s), first = before;
    std::vector<double> conjugate = s;
    for (int k = 0; k < kMostProducts && before > kResidual * first; ++k) {
      double curvature = multiply(conjugate, q);
      if (!(curvature > 0)) break;
      double t = before / curvature;
      add_scaled(size, t, conjugate.data(), p_.data());
      add_scaled(size, -t, q.data(), r.data());
      double after = precondition(r, s), ratio = after / before;
      for (size_t i = 0; i < size; ++i) conjugate[i] = s[i] + ratio * conjugate[i];
      before = after;
    }
  }

  double precondition(const std::vector<double>& r, std::vector<double>& s) const {
    size_t m = face_.size();
    for (size_t i = 0; i < m; ++i) s[i] = r[i] / diagonal_[face_[i]];
    s[m] = free_ ? r[m] / total_ : 0.0;
    return dot(m + 1, r.data(), s.data());
  }

  // q = H p; gives p'q.
  double multiply(const std::vector<double>& p, std::vector<double>& q) {
    size_t m = face_.size();
    double curvature = form_image(p), sum = 0;
    for (size_t i = 0; i < X_.n; ++i) sum += image_[i] *= h_[i];
    for (size_t i = 0; i < m; ++i) {
      size_t j = face_[i];
      q[i] = X_.product(j, image_.data()) + ridge_[j] * p[i];
    }
    q[m] = free_ ? sum : 0.0;
    return curvature;
  }

  // image_ = X q p + p_b; gives p'Hp.
  double form_image(const std::vector<double>& p) {
    size_t m = face_.size();
    std::fill(image_.begin(), image_.end(), p[m]);
    double curvature = 0;
    for (size_t i = 0; i < m; ++i) {
      if (p[i] != 0) X_.add(face_[i], p[i], image_.data());
      curvature += ridge_[face_[i]] * p[i] * p[i];
    }
    for (size_t i = 0; i < X_.n; ++i) curvature += h_[i] * image_[i] * image_[i];
    return curvature;
  }

  // To the minimum on the way to v + t p with signs clipped, for the first t of
  // 1, 1/4, ... that leads down.
  double follow() {
    size_t m = face_.size();
    std::vector<double> to(m + 1);
    double t = 1;
    for (int k = 0; k < kTrials; ++k, t *= 0.25) {
      bent_ = false;
      for (size_t i = 0; i < m; ++i) {
        double v = v_[face_[i]], end = v + t * p_[i];
        bool crosses = kinks_.kinked(face_[i]) && end * v < 0;
        bent_ |= crosses;
        to[i] = crosses ? -v : t * p_[i];
      }
      to[m] = t * p_[m];
      double gain = descend(to);
      if (gain > 0) return gain;
    }
    return 0;
  }

  double descend(const std::vector<double>& to) {
    size_t m = face_.size();
    double second = form_image(to), first = dot(X_.n, e_, image_.data());
    for (size_t i = 0; i < m; ++i) {
      size_t j = face_[i];
      first += to[i] * (ridge_[j] * v_[j] + kinks_.slope(j, v_[j]));
    }
    if (!(first < 0)) return 0;
    double t = second > 0 ? std::min(1.0, -first / second) : 1.0;
    for (size_t i = 0; i < m; ++i) {
      double& v = v_[face_[i]];
      v = t == 1.0 && to[i] == -v ? 0.0 : v + t * to[i];
    }
    *b_ += t * to[m];
    for (size_t i = 0; i < X_.n; ++i) e_[i] += t * h_[i] * image_[i];
    return -t * (first + 0.5 * t * second);
  }

  static constexpr int kSweeps = 4, kFaceSteps = 8, kTrials = 6, kMostProducts = 100;
  static constexpr double kResidual = 1e-4;  // squared, in the preconditioner's norm
  SparseColumns X_;
  const double *h_, *ridge_;
  Kinks kinks_;
  bool free_, bent_ = false;
  double *v_, *b_, *e_, total_;
  std::vector<double> image_, diagonal_, p_;
  std::vector<size_t> face_;
};

}  // namespace skgd
