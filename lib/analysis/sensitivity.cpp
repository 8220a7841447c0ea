#include "lib/analysis/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/analysis/bootstrap.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/random_stream.hpp"
#include "lib/core/saltelli.hpp"

namespace lensmill::analysis {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t least_rows = 100;
constexpr std::size_t most_classes = 32;
constexpr std::size_t rows_per_class = 50;
constexpr std::uint64_t bootstrap_seed = 3;
constexpr std::uint64_t design_seed = 4;

/// Class of each row by one variable, equal values together; the number of classes.
std::size_t classify(const Sample& sample, std::size_t variable,
                     std::vector<std::size_t>& class_of) {
  const std::size_t rows = sample.rows();
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto value = [&](std::size_t row) { return sample.row(row)[variable]; };
  std::ranges::stable_sort(order, {}, value);
  const std::size_t wanted =
      std::clamp<std::size_t>(rows / rows_per_class, 2, most_classes);
  std::size_t classes = 0;
  std::size_t started = 0;  // rank at which the current class began
  for (std::size_t rank = 0; rank < rows; ++rank) {
    const bool new_value = rank > 0 && value(order[rank]) > value(order[rank - 1]);
    // A class ends at its share of the ranks, but never among equal values.
    if (new_value && rank * wanted / rows > started * wanted / rows) {
      ++classes;
      started = rank;
    }
    class_of[order[rank]] = classes;
  }
  return classes + 1;
}

/// Between-class variance over the whole, from count and sum per class and the total
/// sum of squares.
double index_of(std::span<const double> q, std::size_t classes) {
  double n = 0.0, sum = 0.0, between = 0.0, present = 0.0;
  for (std::size_t c = 0; c < classes; ++c) {
    if (q[2 * c] == 0.0) continue;
    n += q[2 * c];
    sum += q[2 * c + 1];
    between += q[2 * c + 1] * q[2 * c + 1] / q[2 * c];
    present += 1.0;
  }
  if (present < 2.0 || n <= present) return nan;
  const double square = q[2 * classes];
  const double total = square - sum * sum / n;
  const double within = square - between;
  between -= sum * sum / n;
  if (!(total > 1.0e-12 * square)) return nan;
  return (between - (present - 1.0) * within / (n - present)) / total;
}

}  // namespace

std::vector<Estimate> first_order_indices(const Sample& sample,
                                          std::size_t replicates) {
  const std::size_t rows = sample.rows();
  std::vector<Estimate> out(sample.variables.size());
  if (rows < least_rows) return out;
  const double mean =
      std::accumulate(sample.response.begin(), sample.response.end(), 0.0) /
      static_cast<double>(rows);
  std::vector<std::size_t> class_of(rows);
  for (std::size_t j = 0; j < out.size(); ++j) {
    const std::size_t classes = classify(sample, j, class_of);
    if (classes < 2) continue;
    GroupedSums sums(1, 2 * classes + 1);
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t group = sums.group_of(sample.unit[i]);
      const double y = sample.response[i] - mean;
      sums.count_row(group);
      sums.add(0, group, 2 * class_of[i], 1.0);
      sums.add(0, group, 2 * class_of[i] + 1, y);
      sums.add(0, group, 2 * classes, y * y);
    }
    const Bootstrap bootstrap(sums, bootstrap_seed, replicates);
    out[j] = bootstrap.estimate(0, [&](auto q) { return index_of(q, classes); });
    // Replicates repeat rows, which adds to the variance between classes about what
    // scatter within adds to the data's own: the interval is moved back by it.
    if (std::isnan(out[j].standard_error)) continue;
    double centre = 0.0;
    for (std::size_t r = 0; r < replicates; ++r) {
      centre += index_of(bootstrap.replicate(r, 0), classes) /
                static_cast<double>(replicates);
    }
    if (std::isnan(centre)) continue;
    out[j].lower -= centre - out[j].value;
    out[j].upper -= centre - out[j].value;
  }
  return out;
}

std::vector<SobolIndices> sobol_indices(const PickFreeze& responses,
                                        std::size_t replicates) {
  const std::size_t rows = responses.y_a.size();
  EXPECT(responses.y_b.size() == rows);
  const std::size_t variables = responses.y_ab.size();
  std::vector<SobolIndices> out(variables);
  if (rows < 2) return out;
  // Centred: the estimators' scatter grows with the mean.
  double mean = 0.0;
  for (std::size_t i = 0; i < rows; ++i) {
    mean += 0.5 * (responses.y_a[i] + responses.y_b[i]) / static_cast<double>(rows);
  }
  // By random groups of rows: count, y, y^2 and two sums per variable.
  GroupedSums sums(1, 3 + 2 * variables);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t group = sums.group_of(static_cast<std::int64_t>(i));
    sums.count_row(group);
    const double a = responses.y_a[i] - mean;
    const double b = responses.y_b[i] - mean;
    sums.add(0, group, 0, 2.0);
    sums.add(0, group, 1, a + b);
    sums.add(0, group, 2, a * a + b * b);
    for (std::size_t j = 0; j < variables; ++j) {
      const double ab = responses.y_ab[j][i] - mean;
      sums.add(0, group, 3 + 2 * j, b * (ab - a));
      sums.add(0, group, 4 + 2 * j, 0.5 * (a - ab) * (a - ab));
    }
  }
  const Bootstrap bootstrap(sums, bootstrap_seed, replicates);
  const auto index = [](std::size_t quantity) {
    return [quantity](std::span<const double> q) {
      const double variance = q[2] / q[0] - (q[1] / q[0]) * (q[1] / q[0]);
      return variance > 0.0 ? 2.0 * q[quantity] / q[0] / variance : nan;
    };
  };
  for (std::size_t j = 0; j < variables; ++j) {
    out[j].first = bootstrap.estimate(0, index(3 + 2 * j));
    out[j].total = bootstrap.estimate(0, index(4 + 2 * j));
  }
  return out;
}

DesignResponses responses_of_design(std::span<const std::int64_t> row,
                                    std::span<const double> response, std::int64_t rows,
                                    std::size_t factors) {
  EXPECT(row.size() == response.size());
  EXPECT(rows % saltelli_rows_per_point(factors) == 0);
  std::vector<double> of_row(static_cast<std::size_t>(rows), nan);
  for (std::size_t k = 0; k < row.size(); ++k) {
    of_row.at(static_cast<std::size_t>(row[k])) = response[k];
  }
  const auto per_point = static_cast<std::size_t>(saltelli_rows_per_point(factors));
  DesignResponses out{.responses = {},
                      .points = rows / saltelli_rows_per_point(factors)};
  auto& [y_a, y_b, y_ab] = out.responses;
  y_ab.resize(factors);
  for (std::size_t first = 0; first < of_row.size(); first += per_point) {
    const auto point = std::span(of_row).subspan(first, per_point);
    if (std::ranges::any_of(point, [](double y) { return !std::isfinite(y); })) {
      ++out.dropped;
      continue;
    }
    y_a.push_back(point[SaltelliPlace::block_a]);
    y_b.push_back(point[SaltelliPlace::block_b]);
    for (std::size_t k = 0; k < factors; ++k) {
      y_ab[k].push_back(point[SaltelliPlace::first_mixed + k]);
    }
  }
  return out;
}

PickFreeze evaluate_design(const std::function<double(std::span<const double>)>& model,
                           const Sample& sample, std::size_t rows) {
  const std::size_t variables = sample.variables.size();
  EXPECT(sample.rows() > 0);
  const auto drawn = [&](std::int64_t row, std::size_t variable, int which) {
    RandomStream stream(
        design_seed, row, StreamTag::analysis_design,
        static_cast<std::uint16_t>(2 * variable + (which == 0 ? 0 : 1)));
    return sample.row(stream.below(sample.rows()))[variable];
  };
  PickFreeze out;
  out.y_ab.resize(variables);
  std::vector<double> a(variables), b(variables);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < variables; ++j) {
      a[j] = drawn(static_cast<std::int64_t>(i), j, 0);
      b[j] = drawn(static_cast<std::int64_t>(i), j, 1);
    }
    out.y_a.push_back(model(a));
    out.y_b.push_back(model(b));
    for (std::size_t j = 0; j < variables; ++j) {
      std::vector<double> mixed = a;
      mixed[j] = b[j];
      out.y_ab[j].push_back(model(mixed));
    }
  }
  return out;
}

}  // namespace lensmill::analysis
