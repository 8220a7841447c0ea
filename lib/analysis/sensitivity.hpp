#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lib/analysis/estimate.hpp"
#include "lib/analysis/predictor.hpp"

namespace lensmill::analysis {

/// Variance-based sensitivity of a response to one variable (Sobol' 1993; Saltelli et
/// al. 2010, Comput. Phys. Commun. 181, 259): S = Var(E[y|x]) / Var(y), and the total
/// index E[Var(y | all but x)] / Var(y).
struct SobolIndices {
  Estimate first, total;
};

/// First-order indices from rows as they are, without a model: the variance of the
/// response's mean between equal-count classes of each variable (as many as have 50
/// rows, at most 32; equal values share one), less what scatter within the classes adds
/// to it. Assumes independent variables. Intervals: bootstrap by units. NaN for fewer
/// than 100 rows, or a variable or response that does not vary.
std::vector<Estimate> first_order_indices(const Sample& sample,
                                          std::size_t replicates = 400);

/// The radial design: base matrices A and B, and for each variable A with that
/// variable's column from B. First-order estimator of Saltelli et al. 2010 (their table
/// 2 b), total of Jansen 1999, Comput. Phys. Commun. 117, 35. Intervals: bootstrap over
/// the design's rows.
struct PickFreeze {
  std::vector<double> y_a, y_b;           ///< [row]
  std::vector<std::vector<double>> y_ab;  ///< [variable][row]
};
std::vector<SobolIndices> sobol_indices(const PickFreeze& responses,
                                        std::size_t replicates = 400);

/// The responses of a Saltelli design's rows (lib/core/saltelli.hpp), a base point
/// being left out whole where one of its rows has none.
struct DesignResponses {
  PickFreeze responses;
  std::int64_t points = 0;   ///< of the design
  std::int64_t dropped = 0;  ///< of these, that are not in `responses`
};
/// \param row,response of the rows that have a response (finite), each row once, in any
///   order
/// \param rows of the whole design, (factors + 2) times its points
DesignResponses responses_of_design(std::span<const std::int64_t> row,
                                    std::span<const double> response, std::int64_t rows,
                                    std::size_t factors);

/// Responses of a model on such a design, each variable drawn on its own from the
/// sample's values (permuted independently: the joint distribution of independent
/// variables).
PickFreeze evaluate_design(const std::function<double(std::span<const double>)>& model,
                           const Sample& sample, std::size_t rows);

}  // namespace lensmill::analysis
