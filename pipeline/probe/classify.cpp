#include "pipeline/probe/classify.hpp"

#include <limits>
#include <set>
#include <utility>

#include "lib/analysis/boosted_trees.hpp"
#include "lib/analysis/logistic.hpp"
#include "lib/core/contracts.hpp"

namespace lensmill::pipeline {
namespace {

using catalogue::Split;

// From strong to weak, each fit starting at the last one. With standardised features
// and thousands of stamps the strongest leaves next to nothing, the weakest next to no
// bound.
constexpr std::array l2_strengths{1.0e4, 1.0e3, 1.0e2, 1.0e1, 1.0};

analysis::LabelledRows part_of(Split split, std::span<const float> features,
                               const analysis::FeatureShape& shape,
                               analysis::Region region,
                               std::span<const SampledRow> rows,
                               std::span<const char> valid) {
  const auto range = shape.range(region);
  analysis::LabelledRows part;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].split != split || valid[i] == 0) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      const auto from =
          features.subspan((2 * i + side) * shape.count() + range.first, range.count);
      part.x.insert(part.x.end(), from.begin(), from.end());
      part.positive.push_back(side == 0 ? 1 : 0);
    }
  }
  return part;
}

Eigen::MatrixXd matrix_of(const analysis::LabelledRows& part) {
  const auto samples = static_cast<Eigen::Index>(part.positive.size());
  const auto features = static_cast<Eigen::Index>(part.x.size()) / samples;
  Eigen::MatrixXd x(samples, features);
  std::size_t at = 0;
  for (Eigen::Index i = 0; i < samples; ++i) {
    for (Eigen::Index k = 0; k < features; ++k) x(i, k) = double{part.x[at++]};
  }
  return x;
}

void fit_linear(const analysis::LabelledRows& train,
                const analysis::LabelledRows& validation,
                const analysis::LabelledRows& test, RegionFit& best) {
  auto train_x = matrix_of(train);
  auto validation_x = matrix_of(validation);
  auto test_x = matrix_of(test);
  const analysis::Standardisation standardisation(train_x);
  for (auto* x : {&train_x, &validation_x, &test_x}) standardisation.apply(*x);

  double least_loss = std::numeric_limits<double>::infinity();
  analysis::LogisticModel model;
  for (const double l2 : l2_strengths) {
    const bool first = model.weight.size() == 0;
    model =
        analysis::fit_logistic(train_x, train.positive, l2, first ? nullptr : &model);
    const double loss =
        analysis::log_loss(model.scores(validation_x), validation.positive);
    if (!(loss < least_loss)) continue;
    least_loss = loss;
    const Eigen::VectorXd scores = model.scores(test_x);
    best.l2 = l2;
    best.converged = model.converged;
    best.test_scores[0] = {scores.begin(), scores.end()};
  }
}

}  // namespace

std::array<std::int64_t, 3> rows_per_split(std::span<const SampledRow> rows,
                                           std::span<const char> valid) {
  std::array<std::int64_t, 3> count{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (valid.empty() || valid[i] != 0) {
      ++count[static_cast<std::size_t>(rows[i].split)];
    }
  }
  return count;
}

std::array<std::int64_t, 3> hosts_per_split(std::span<const SampledRow> rows,
                                            std::span<const char> valid) {
  std::array<std::set<std::int64_t>, 3> hosts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (valid.empty() || valid[i] != 0) {
      hosts[static_cast<std::size_t>(rows[i].split)].insert(rows[i].host);
    }
  }
  std::array<std::int64_t, 3> count{};
  for (std::size_t s = 0; s < count.size(); ++s) {
    count[s] = static_cast<std::int64_t>(hosts[s].size());
  }
  return count;
}

std::string_view to_string(Classifier classifier) {
  switch (classifier) {
    case Classifier::logistic: return "logistic";
    case Classifier::boosted_trees: return "boosted_trees";
  }
  return "unknown";
}

bool enough_rows(const std::array<std::int64_t, 3>& rows) {
  return rows[0] >= fewest_train_rows && rows[1] >= fewest_other_rows &&
         rows[2] >= fewest_other_rows;
}

RegionFit fit_region(std::span<const float> features,
                     const analysis::FeatureShape& shape, analysis::Region region,
                     std::span<const SampledRow> rows, std::span<const char> valid) {
  EXPECT(features.size() == 2 * rows.size() * shape.count());
  EXPECT(valid.size() == rows.size());
  EXPECT(enough_rows(rows_per_split(rows, valid)));
  const auto part = [&](Split split) {
    return part_of(split, features, shape, region, rows, valid);
  };
  const auto train = part(Split::train);
  const auto validation = part(Split::validation);
  const auto test = part(Split::test);
  RegionFit fit;
  fit_linear(train, validation, test, fit);
  auto trees =
      analysis::fit_boosted_trees(train, validation, test.x, shape.range(region).count);
  fit.trees = trees.trees;
  fit.test_scores[1] = std::move(trees.test);
  return fit;
}

}  // namespace lensmill::pipeline
