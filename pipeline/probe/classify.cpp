#include "pipeline/probe/classify.hpp"

#include <limits>

#include "lib/analysis/logistic.hpp"
#include "lib/core/contracts.hpp"

namespace lensmill::pipeline {
namespace {

using catalogue::Split;

// From strong to weak, each fit starting at the last one. With standardised features
// and thousands of stamps the strongest leaves next to nothing, the weakest next to no
// bound.
constexpr std::array l2_strengths{1.0e4, 1.0e3, 1.0e2, 1.0e1, 1.0};

struct Part {
  Eigen::MatrixXd x;
  std::vector<char> positive;
};

Part part_of(Split split, std::span<const float> features,
             const analysis::FeatureShape& shape, analysis::Region region,
             std::span<const SampledRow> rows, std::span<const char> valid) {
  const auto range = shape.range(region);
  Eigen::Index stamps = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].split == split && valid[i] != 0) stamps += 2;
  }
  Part part{.x = Eigen::MatrixXd(stamps, static_cast<Eigen::Index>(range.count)),
            .positive = {}};
  Eigen::Index at = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].split != split || valid[i] == 0) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      const auto from =
          features.subspan((2 * i + side) * shape.count() + range.first, range.count);
      for (std::size_t k = 0; k < range.count; ++k) {
        part.x(at, static_cast<Eigen::Index>(k)) = double{from[k]};
      }
      part.positive.push_back(side == 0 ? 1 : 0);
      ++at;
    }
  }
  return part;
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
  auto train = part_of(Split::train, features, shape, region, rows, valid);
  auto validation = part_of(Split::validation, features, shape, region, rows, valid);
  auto test = part_of(Split::test, features, shape, region, rows, valid);
  const analysis::Standardisation standardisation(train.x);
  for (auto* part : {&train, &validation, &test}) standardisation.apply(part->x);

  RegionFit best{.validation_loss = std::numeric_limits<double>::infinity()};
  analysis::LogisticModel model;
  for (const double l2 : l2_strengths) {
    const bool first = model.weight.size() == 0;
    model =
        analysis::fit_logistic(train.x, train.positive, l2, first ? nullptr : &model);
    const double loss =
        analysis::log_loss(model.scores(validation.x), validation.positive);
    if (!(loss < best.validation_loss)) continue;
    const Eigen::VectorXd scores = model.scores(test.x);
    best = {.l2 = l2,
            .validation_loss = loss,
            .converged = model.converged,
            .test_scores = {scores.begin(), scores.end()}};
  }
  return best;
}

}  // namespace lensmill::pipeline
