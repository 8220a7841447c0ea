#include "lib/lens/image_equation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "lib/lens/zero_scan.hpp"

namespace lensmill::lens::detail {
namespace {

constexpr double pi = std::numbers::pi;
constexpr int most_newton_steps = 80;  // a double root halves the error per step
constexpr double newton_tolerance = 1.0e-14;

double cross(Vector2 a, Vector2 b) { return a.x * b.y - a.y * b.x; }
double dot(Vector2 a, Vector2 b) { return a.x * b.x + a.y * b.y; }

}  // namespace

ImageEquation::ImageEquation(const LensModel& lens, Vector2 source)
    : lens_(lens), source_(source), s_(2.0 - lens.params().gamma) {
  if (std::abs(s_) < 1.0e-15) s_ = 0.0;
  // A few roundings of cross products of this size.
  constexpr double roundings = 2.0e-15;
  const double size = std::hypot(source.x, source.y) + lens.params().theta_e_arcsec;
  resolution_ = roundings * size / lens.params().q;
}

bool ImageEquation::on_axis() const {
  constexpr double of_theta_e = 1.0e-12;
  return std::hypot(source_.x, source_.y) < of_theta_e * lens_.params().theta_e_arcsec;
}

Direction ImageEquation::direction(double phi) const {
  return lens_.direction(std::cos(phi), std::sin(phi));
}

ImageEquation::Terms ImageEquation::terms(const Direction& d) const {
  return {.mm = dot(d.m, d.m), .am = dot(d.a, d.m), .bm = dot(source_, d.m)};
}

ImageEquation::Fold ImageEquation::fold_of(const Terms& t) const {
  const double rho = std::pow(s_ * t.am / t.mm, 1.0 / (1.0 - s_));
  // rho^s am = rho mm/s there.
  return {.rho = rho, .h = t.mm * rho * (1.0 - 1.0 / s_)};
}

double ImageEquation::newton_step(const Terms& t, double rho) const {
  const double power = t.am * std::pow(rho, s_ - 1.0);
  return rho - (t.mm * rho - power * rho - t.bm) / (t.mm - s_ * power);
}

/// From a side whence every step is monotone.
double ImageEquation::newton(const Terms& t, double rho) const {
  for (int i = 0; i < most_newton_steps; ++i) {
    const double next = newton_step(t, rho);
    // At a double root rounding may point the wrong way: what is reached is the root.
    if (!(next > 0.0)) break;
    const double change = std::abs(next - rho);
    rho = next;
    if (change <= newton_tolerance * rho) break;
  }
  return rho;
}

double ImageEquation::outer_root(const Terms& t, double guess) const {
  if (s_ == 0.0) return (t.bm + t.am) / t.mm;
  if (s_ > 0.0) {
    // h is convex, falls to the fold and rises after it: from any point beyond the fold
    // the first step lands right of the root, and the rest come down on it.
    const Fold fold = fold_of(t);
    if (t.bm <= fold.h) return fold.rho;
    if (guess > 1.001 * fold.rho) return newton(t, newton_step(t, guess));
    return newton(t, std::pow(t.am / t.mm, 1.0 / (1.0 - s_)) +
                         std::max(t.bm, 0.0) / (t.mm * (1.0 - s_)));
  }
  // h is concave and rises everywhere: from any point the first step lands left of the
  // root, but perhaps below zero, and then from a smaller one it does not.
  constexpr double as_good_as_centre = 1.0e-30;
  const double einstein = std::pow(t.am / t.mm, 1.0 / (1.0 - s_));
  if (t.bm >= 0.0) return newton(t, einstein);
  double from = guess > 0.0 ? guess : einstein;
  while (from > as_good_as_centre) {
    const double next = newton_step(t, from);
    if (next > 0.0) return newton(t, next);
    from *= 0.1;
  }
  return 0.0;
}

double ImageEquation::inner_root(const Terms& t, double guess) const {
  if (t.bm >= 0.0) return 0.0;
  const Fold fold = fold_of(t);
  if (t.bm <= fold.h) return fold.rho;
  // h is convex and falls: the first step lands left of the root, or below zero;
  // without its linear term, h's root is left of it for certain.
  if (guess > 0.0 && guess < 0.999 * fold.rho) {
    const double next = newton_step(t, guess);
    if (next > 0.0) return newton(t, next);
  }
  const double start = std::pow(-t.bm / t.am, 1.0 / s_);
  return start > 0.0 ? newton(t, start) : 0.0;
}

ImageEquation::Point ImageEquation::at(const Direction& d, Branch branch,
                                       double guess) const {
  const Terms t = terms(d);
  const double rho =
      branch == Branch::outer ? outer_root(t, guess) : inner_root(t, guess);
  // rho^s from h(rho) = source.m, which saves a power.
  const double rho_to_s = s_ == 0.0 ? 1.0 : (t.mm * rho - t.bm) / t.am;
  return {.rho = rho, .mismatch = cross(source_, d.m) + rho_to_s * cross(d.a, d.m)};
}

ImageEquation::Point ImageEquation::at(double phi, Branch branch) const {
  return at(direction(phi), branch);
}

double ImageEquation::fold_distance(const Direction& d) const {
  const Terms t = terms(d);
  return t.bm - fold_of(t).h;
}

double ImageEquation::fold_distance(double phi) const {
  return fold_distance(direction(phi));
}

void ImageEquation::solve(const DirectionTable& table, Memory& memory) const {
  memory.positions.clear();
  if (s_ <= 0.0 || on_axis()) {
    scan_circle(table, memory);
  } else {
    scan_folded(table, memory);
  }
}

void ImageEquation::scan_circle(const DirectionTable& table, Memory& memory) const {
  const auto n = std::ptrdiff_t(table.size());
  auto& nodes = memory.scan.nodes;
  nodes.clear();
  double guess = 0.0;
  for (std::ptrdiff_t k = -1; k <= n + 1; ++k) {
    const Point point = at(table.wrapped(k), Branch::outer, guess);
    guess = point.rho;
    nodes.push_back({table.angle(k), point.mismatch});
  }
  const auto zeros =
      scan_for_zeros([&](double phi) { return at(phi, Branch::outer).mismatch; },
                     memory.scan, resolution_, Touching::one_zero);
  for (const double phi : zeros) {
    const Direction d = direction(phi);
    const double rho = at(d, Branch::outer).rho;
    // gamma = 2: the root of the other half-line. gamma > 2: a root of 0 is a central
    // image so close that it underflows.
    if (rho > 0.0 || s_ < 0.0) {
      memory.positions.push_back({rho * d.p.x, rho * d.p.y});
    }
  }
}

void ImageEquation::scan_folded(const DirectionTable& table, Memory& memory) const {
  // source.m < 0 on the half turn from `start` on: (M source).p changes sign there.
  const Vector2 b = lens_.shear_map(source_);
  const double start = std::atan2(b.x / lens_.params().q, -b.y);
  // The folds, where source.m passes the least value of h, are within that half turn.
  const double step = table.angle(1);
  const auto first = std::ptrdiff_t(std::floor(start / step)) - 1;
  const auto last = std::ptrdiff_t(std::ceil((start + pi) / step)) + 1;
  auto& nodes = memory.scan.nodes;
  nodes.clear();
  for (std::ptrdiff_t k = first; k <= last; ++k) {
    nodes.push_back({table.angle(k), fold_distance(table.wrapped(k))});
  }
  scan_for_zeros([&](double phi) { return fold_distance(phi); }, memory.scan,
                 resolution_, Touching::no_zero);
  auto& folds = memory.folds;
  folds = memory.scan.zeros;
  std::sort(folds.begin(), folds.end());
  if (folds.size() % 2 != 0) folds.pop_back();

  if (folds.empty()) {
    scan_circle(table, memory);
    scan_arc({Branch::inner, start, start + pi}, table.size(), memory);
    return;
  }
  scan_arc({Branch::outer, folds.back() - 2.0 * pi, folds.front()}, table.size(),
           memory);
  scan_arc({Branch::inner, start, folds.front()}, table.size(), memory);
  scan_arc({Branch::inner, folds.back(), start + pi}, table.size(), memory);
  for (std::size_t i = 1; i + 1 < folds.size(); i += 2) {
    for (const Branch branch : {Branch::outer, Branch::inner}) {
      scan_arc({branch, folds[i], folds[i + 1]}, table.size(), memory);
    }
  }
}

void ImageEquation::scan_arc(const Arc& arc, std::size_t nodes_per_turn,
                             Memory& memory) const {
  // phi goes like the square of the parameter at both ends, so that the mismatch, which
  // has a square root at a fold, is smooth in it.
  const auto phi_at = [&](double u) {
    const double sine = std::sin(0.5 * pi * u);
    return arc.from + (arc.to - arc.from) * sine * sine;
  };
  const auto mismatch = [&](double u) { return at(phi_at(u), arc.branch).mismatch; };

  const double share = (arc.to - arc.from) / (2.0 * pi);
  constexpr double least = 8.0;
  const auto n =
      std::ptrdiff_t(std::ceil(std::max(least, share * double(nodes_per_turn))));
  auto& nodes = memory.scan.nodes;
  nodes.clear();
  double guess = 0.0;
  for (std::ptrdiff_t k = -1; k <= n + 1; ++k) {
    // The arc does not go on beyond its ends: the end is its own guard.
    const double u = std::clamp(double(k) / double(n), 0.0, 1.0);
    const Point point = at(direction(phi_at(u)), arc.branch, guess);
    guess = point.rho;
    nodes.push_back({u, point.mismatch});
  }
  const auto zeros =
      scan_for_zeros(mismatch, memory.scan, resolution_, Touching::one_zero);
  for (const double u : zeros) {
    const Direction d = direction(phi_at(u));
    const double rho = at(d, arc.branch).rho;  // 0: so close that it underflows
    memory.positions.push_back({rho * d.p.x, rho * d.p.y});
  }
}

}  // namespace lensmill::lens::detail
