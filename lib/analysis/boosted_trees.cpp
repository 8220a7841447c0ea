#include "lib/analysis/boosted_trees.hpp"

#include <fmt/format.h>
#include <xgboost/c_api.h>

#include <Eigen/Dense>
#include <array>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "lib/analysis/logistic.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::analysis {
namespace {

constexpr int most_trees = 300;
constexpr int patience_trees = 30;
constexpr int trees_per_look = 5;
// What does not improve by this much of a log-loss is rounding.
constexpr double least_improvement = 1.0e-6;

constexpr std::array parameters{
    std::pair{"objective", "binary:logistic"},
    std::pair{"tree_method", "hist"},
    std::pair{"max_bin", "64"},
    std::pair{"max_depth", "4"},
    std::pair{"eta", "0.1"},
    std::pair{"lambda", "1"},
    std::pair{"base_score", "0.5"},
    std::pair{"nthread", "1"},
    std::pair{"seed", "0"},
    std::pair{"verbosity", "0"},
};

void check(int result, const char* what) {
  if (result == 0) return;
  throw Error(ExitCode::internal,
              fmt::format("XGBoost: {}: {}", what, XGBGetLastError()));
}

class Matrix {
 public:
  Matrix(std::span<const float> x, std::size_t features) {
    check(XGDMatrixCreateFromMat_omp(x.data(), x.size() / features, features,
                                     std::numeric_limits<float>::quiet_NaN(), &handle_,
                                     1),
          "XGDMatrixCreateFromMat_omp");
  }
  ~Matrix() { XGDMatrixFree(handle_); }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;

  void set_labels(std::span<const char> positive) {
    std::vector<float> labels;
    labels.reserve(positive.size());
    for (const char flag : positive) labels.push_back(flag != 0 ? 1.0F : 0.0F);
    check(XGDMatrixSetFloatInfo(handle_, "label", labels.data(), labels.size()),
          "XGDMatrixSetFloatInfo");
  }
  DMatrixHandle get() const { return handle_; }

 private:
  DMatrixHandle handle_ = nullptr;
};

class Booster {
 public:
  explicit Booster(const Matrix& train) {
    const DMatrixHandle matrix = train.get();
    check(XGBoosterCreate(&matrix, 1, &handle_), "XGBoosterCreate");
    for (const auto& [name, value] : parameters) {
      check(XGBoosterSetParam(handle_, name, value), name);
    }
  }
  ~Booster() { XGBoosterFree(handle_); }
  Booster(const Booster&) = delete;
  Booster& operator=(const Booster&) = delete;

  void add_tree(const Matrix& train, int number) {
    check(XGBoosterUpdateOneIter(handle_, number, train.get()),
          "XGBoosterUpdateOneIter");
  }
  /// Logits by the first `trees` trees.
  std::vector<double> scores(const Matrix& x, int trees) const {
    const std::string config = fmt::format(
        R"({{"type": 1, "training": false, "iteration_begin": 0, "iteration_end": {}, )"
        R"("strict_shape": false}})",
        trees);
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* values = nullptr;
    check(XGBoosterPredictFromDMatrix(handle_, x.get(), config.c_str(), &shape,
                                      &dimensions, &values),
          "XGBoosterPredictFromDMatrix");
    bst_ulong count = dimensions > 0 ? 1 : 0;
    for (bst_ulong d = 0; d < dimensions; ++d) count *= shape[d];
    return {values, values + count};
  }

 private:
  BoosterHandle handle_ = nullptr;
};

}  // namespace

TreeScores fit_boosted_trees(const LabelledRows& train, const LabelledRows& validation,
                             std::span<const float> test, std::size_t features) {
  EXPECT(features > 0);
  EXPECT(train.x.size() == train.positive.size() * features);
  EXPECT(validation.x.size() == validation.positive.size() * features);
  EXPECT(!train.positive.empty() && !validation.positive.empty());
  Matrix train_matrix(train.x, features);
  train_matrix.set_labels(train.positive);
  const Matrix validation_matrix(validation.x, features);
  Booster booster(train_matrix);

  TreeScores best{.validation_loss = std::numeric_limits<double>::infinity()};
  for (int trees = 1; trees <= most_trees; ++trees) {
    booster.add_tree(train_matrix, trees - 1);
    if (trees % trees_per_look != 0) continue;
    const auto scores = booster.scores(validation_matrix, trees);
    const double loss =
        log_loss(Eigen::Map<const Eigen::VectorXd>(scores.data(), std::ssize(scores)),
                 validation.positive);
    if (loss < best.validation_loss - least_improvement) {
      best.validation_loss = loss;
      best.trees = trees;
    } else if (trees - best.trees >= patience_trees) {
      break;
    }
  }
  if (test.empty()) return best;
  best.test = booster.scores(Matrix(test, features), best.trees);
  ENSURE(best.test.size() * features == test.size());
  return best;
}

}  // namespace lensmill::analysis
