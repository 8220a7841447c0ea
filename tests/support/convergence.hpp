#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>

namespace lensmill::test_support {

/// A numerical scheme's errors at resolutions N, 2N and 4N.
struct ConvergenceErrors {
  int coarsest = 0;  ///< N
  std::array<double, 3> error{};

  /// log2 of the ratio of errors from N to 2N (step 0) and from 2N to 4N (step 1).
  double order(std::size_t step) const {
    return std::log2(error[step] / error[step + 1]);
  }
};

/// Errors |approximation(n) - exact| at n = coarsest, 2 coarsest, 4 coarsest.
inline ConvergenceErrors convergence_errors(
    const std::function<double(int)>& approximation, double exact, int coarsest) {
  ConvergenceErrors errors{.coarsest = coarsest};
  for (std::size_t level = 0; level < errors.error.size(); ++level) {
    const int resolution = coarsest << level;
    errors.error[level] = std::abs(approximation(resolution) - exact);
  }
  return errors;
}

/// What order is asked for. `slack` allows for the next term of the error's expansion;
/// errors below `floor` (rounding) are taken as converged.
struct ConvergenceGoal {
  double order = 2.0;
  double slack = 0.2;
  double floor = 1e-14;
};

/// Whether both doublings reduce the error at least as fast as the order demands.
inline ::testing::AssertionResult converges(const ConvergenceErrors& errors,
                                            const ConvergenceGoal& goal) {
  for (std::size_t step = 0; step + 1 < errors.error.size(); ++step) {
    if (errors.error[step + 1] <= goal.floor) continue;
    if (errors.order(step) >= goal.order - goal.slack) continue;
    return ::testing::AssertionFailure()
           << "from n = " << (errors.coarsest << step) << " to "
           << (errors.coarsest << (step + 1)) << " the error goes from "
           << errors.error[step] << " to " << errors.error[step + 1] << ": order "
           << errors.order(step) << ", wanted " << goal.order << " - " << goal.slack;
  }
  return ::testing::AssertionSuccess();
}

}  // namespace lensmill::test_support
