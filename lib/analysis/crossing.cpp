#include "lib/analysis/crossing.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lib/analysis/bootstrap.hpp"
#include "lib/analysis/cubic_spline.hpp"
#include "lib/analysis/dominance.hpp"
#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
// Few values: at most so many, that repeat at least so often.
constexpr std::size_t most_points = 64, rows_per_point = 5;
// Knots for n rows: half their square root. 500 rows have 11, with some 40 rows between
// two; with 7 the core flux's own bend, where the first outer images leave the
// aperture, moves the place by most of its standard error. 40 knots follow all that it
// does.
constexpr std::size_t most_knots = 40;
// Places at which the spline is looked at, and straight lines between.
constexpr std::size_t places = 200;
// Second differences of the coefficients, over the mean diagonal: only so that a
// replicate without rows between two knots has a solution.
constexpr double penalty = 1.0e-6;
// What counts as a sign: clear of chance, and of a spline's overshoot beside steep
// parts.
constexpr double standard_errors = 3.0, share_of_largest = 0.02;

/// The mean at ascending places, with its interval.
struct Curve {
  std::vector<double> x;
  std::vector<Estimate> mean;

  int sign(std::size_t k) const {
    if (std::isnan(mean[k].lower)) return 0;
    return mean[k].lower > 0.0 ? 1 : mean[k].upper < 0.0 ? -1 : 0;
  }
};

std::vector<double> sorted(std::span<const double> values) {
  std::vector<double> out(values.begin(), values.end());
  std::ranges::sort(out);
  return out;
}

std::vector<double> distinct(std::vector<double> ascending) {
  const auto rest = std::ranges::unique(ascending);
  ascending.erase(rest.begin(), rest.end());
  return ascending;
}

Curve means_at(const CurveRows& rows, const std::vector<double>& points,
               std::uint64_t seed) {
  constexpr std::size_t q_n = 0, q_y = 1;
  // A design has no chance: nothing is resampled.
  const std::size_t groups = rows.is_design ? 1 : GroupedSums::default_groups;
  GroupedSums sums(points.size(), 2, groups);
  for (std::size_t i = 0; i < rows.x.size(); ++i) {
    const auto cell = static_cast<std::size_t>(
        std::ranges::lower_bound(points, rows.x[i]) - points.begin());
    const std::size_t group = sums.group_of(rows.unit[i]);
    sums.count_row(group);
    sums.add(cell, group, q_n, 1.0);
    sums.add(cell, group, q_y, rows.y[i]);
  }
  Curve curve{.x = points, .mean = {}};
  if (rows.is_design) {
    for (std::size_t k = 0; k < points.size(); ++k) {
      const double mean = sums.value(k, 0, q_y) / sums.value(k, 0, q_n);
      curve.mean.push_back(
          {.value = mean, .standard_error = 0.0, .lower = mean, .upper = mean});
    }
    return curve;
  }
  const Bootstrap bootstrap(sums, seed);
  for (std::size_t k = 0; k < points.size(); ++k) {
    auto mean = bootstrap.estimate(k, [](std::span<const double> q) {
      return q[q_n] == 0.0 ? nan : q[q_y] / q[q_n];
    });
    if (bootstrap.groups_with(k, q_n) < least_groups) mean = {.value = mean.value};
    curve.mean.push_back(mean);
  }
  return curve;
}

/// Coefficients of the spline from the sums of a set of rows: [basis, 0 ... 3] products
/// with the next ones, [basis, 4] with y.
Eigen::VectorXd coefficients(std::span<const double> q, std::size_t count) {
  constexpr std::size_t per_basis = CubicSplines::at_once + 1;
  const auto n = static_cast<Eigen::Index>(count);
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(n, n);
  Eigen::VectorXd b(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const double* const of = q.data() + static_cast<std::size_t>(i) * per_basis;
    for (Eigen::Index k = 0; k < 4 && i + k < n; ++k) a(i, i + k) = a(i + k, i) = of[k];
    b(i) = of[per_basis - 1];
  }
  const double weight = penalty * a.trace() / static_cast<double>(n);
  for (Eigen::Index i = 0; i + 2 < n; ++i) {
    const Eigen::Vector3d second(1.0, -2.0, 1.0);
    a.block<3, 3>(i, i) += weight * second * second.transpose();
  }
  return a.ldlt().solve(b);
}

Curve spline_through(const CurveRows& rows, const std::vector<double>& ascending,
                     std::uint64_t seed) {
  const auto n = ascending.size();
  const auto wanted = std::min(
      most_knots, static_cast<std::size_t>(0.5 * std::sqrt(static_cast<double>(n))));
  std::vector<double> knots;
  for (std::size_t k = 1; k <= wanted; ++k) {
    knots.push_back(quantile_of_sorted(
        ascending, static_cast<double>(k) / static_cast<double>(wanted + 1)));
  }
  knots = distinct(std::move(knots));
  std::erase_if(knots, [&](double knot) {
    return knot <= ascending.front() || knot >= ascending.back();
  });
  const CubicSplines basis(ascending.front(), ascending.back(), knots);
  constexpr std::size_t per_basis = CubicSplines::at_once + 1;
  GroupedSums sums(1, basis.count() * per_basis);
  for (std::size_t i = 0; i < n; ++i) {
    const auto [first, value] = basis.at(rows.x[i]);
    const std::size_t group = sums.group_of(rows.unit[i]);
    sums.count_row(group);
    for (std::size_t j = 0; j < value.size(); ++j) {
      const std::size_t at = (first + j) * per_basis;
      for (std::size_t k = j; k < value.size(); ++k) {
        sums.add(0, group, at + k - j, value[j] * value[k]);
      }
      sums.add(0, group, at + per_basis - 1, value[j] * rows.y[i]);
    }
  }
  const Bootstrap bootstrap(sums, seed);
  Curve curve;
  for (std::size_t k = 0; k < places; ++k) {
    curve.x.push_back(quantile_of_sorted(
        ascending, static_cast<double>(k) / static_cast<double>(places - 1)));
  }
  curve.x = distinct(std::move(curve.x));
  std::vector<CubicSplines::Values> at;
  for (const double x : curve.x) at.push_back(basis.at(x));
  const auto value_of = [&](const Eigen::VectorXd& c, std::size_t k) {
    double sum = 0.0;
    for (std::size_t j = 0; j < CubicSplines::at_once; ++j) {
      sum += at[k].value[j] * c(static_cast<Eigen::Index>(at[k].first + j));
    }
    return sum;
  };
  std::vector<std::vector<double>> replicates(curve.x.size());
  if (bootstrap.groups() >= least_groups) {
    for (std::size_t r = 0; r < bootstrap.replicates(); ++r) {
      const auto c = coefficients(bootstrap.replicate(r, 0), basis.count());
      for (std::size_t k = 0; k < at.size(); ++k)
        replicates[k].push_back(value_of(c, k));
    }
  }
  const auto c = coefficients(bootstrap.data(0), basis.count());
  for (std::size_t k = 0; k < at.size(); ++k) {
    curve.mean.push_back(from_replicates(value_of(c, k), std::move(replicates[k])));
  }
  return curve;
}

/// Neighbouring places with the same certain sign, places without one between them.
struct Run {
  int sign;
  std::size_t first, last;
};

std::vector<Run> runs_of(const Curve& curve) {
  double largest = 0.0;
  for (const auto& mean : curve.mean) largest = std::max(largest, std::abs(mean.value));
  const auto counts = [&](std::size_t k) {
    const double size = std::abs(curve.mean[k].value);
    return size >= standard_errors * curve.mean[k].standard_error &&
           size >= share_of_largest * largest;
  };
  std::vector<Run> all;
  for (std::size_t k = 0; k < curve.x.size(); ++k) {
    const int sign = curve.sign(k);
    if (sign == 0) continue;
    if (all.empty() || all.back().sign != sign) all.push_back({sign, k, k});
    all.back().last = k;
  }
  std::vector<Run> kept;
  for (const Run& run : all) {
    bool any = false;
    for (std::size_t k = run.first; k <= run.last; ++k) {
      any = any || (curve.sign(k) != 0 && counts(k));
    }
    if (!any) continue;
    if (kept.empty() || kept.back().sign != run.sign) kept.push_back(run);
    kept.back().last = run.last;
  }
  return kept;
}

/// Where a line through two places is 0.
double zero_between(double x0, double y0, double x1, double y1) {
  return x0 + (x1 - x0) * y0 / (y0 - y1);
}

/// The change of the fitted mean between two places: of several, the middle one.
double change_of(const Curve& curve, std::size_t first, std::size_t last) {
  std::vector<double> found;
  for (std::size_t k = first; k < last; ++k) {
    const double y0 = curve.mean[k].value, y1 = curve.mean[k + 1].value;
    if ((y0 > 0.0) != (y1 > 0.0)) {
      found.push_back(zero_between(curve.x[k], y0, curve.x[k + 1], y1));
    }
  }
  EXPECT(!found.empty());
  return found[found.size() / 2];
}

}  // namespace

Crossing find_crossing(const CurveRows& rows, std::uint64_t seed) {
  EXPECT(rows.x.size() == rows.y.size() && rows.x.size() == rows.unit.size());
  Crossing out;
  out.rows = rows.x.size();
  if (rows.x.empty()) return out;
  const auto ascending = sorted(rows.x);
  const auto values = distinct(ascending);
  out.at_points =
      rows.is_design || values.size() == 1 ||
      (values.size() <= most_points && rows.x.size() >= rows_per_point * values.size());
  const Curve curve = out.at_points ? means_at(rows, values, seed)
                                    : spline_through(rows, ascending, seed);
  const auto runs = runs_of(curve);
  if (runs.empty()) return out;
  out.below = runs.front().sign;
  out.above = runs.back().sign;
  const auto is_undecided = [&](std::size_t from, std::size_t to) {
    for (std::size_t k = from; k < to; ++k) {
      if (curve.sign(k) == 0) return true;
    }
    return false;
  };
  if (runs.size() != 2) {
    out.found = runs.size() == 1 ? Crossing::Found::none : Crossing::Found::several;
    out.decided_everywhere = !is_undecided(0, curve.x.size());
    return out;
  }
  out.found = Crossing::Found::one;
  const std::size_t last = runs[0].last, first = runs[1].first;
  out.decided_everywhere =
      !is_undecided(0, last) && !is_undecided(first, curve.x.size());
  if (out.at_points) {
    out.place.lower = curve.x[last];
    out.place.upper = curve.x[first];
    out.undecided_points = first - last - 1;
    return out;
  }
  // The bound of the interval that is nearer to 0 leaves its sign behind `last`, and
  // has it before `first`.
  const auto bound = [&](std::size_t k, int sign) {
    return sign > 0 ? curve.mean[k].lower : curve.mean[k].upper;
  };
  out.place.lower = zero_between(curve.x[last], bound(last, out.below),
                                 curve.x[last + 1], bound(last + 1, out.below));
  out.place.upper = zero_between(curve.x[first - 1], bound(first - 1, out.above),
                                 curve.x[first], bound(first, out.above));
  out.place.value = change_of(curve, last, first);
  out.place.standard_error =
      0.5 * (out.place.upper - out.place.lower) / confidence_quantile;
  return out;
}

}  // namespace lensmill::analysis
