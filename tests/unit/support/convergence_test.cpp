#include "tests/support/convergence.hpp"

#include <gtest/gtest.h>

namespace lensmill::test_support {
namespace {

/// Midpoint rule for the integral of x^4 over (0, 1): second order, exact value 1/5.
double midpoint_rule(int cells) {
  double sum = 0.0;
  for (int i = 0; i < cells; ++i) {
    const double x = (i + 0.5) / cells;
    sum += x * x * x * x / cells;
  }
  return sum;
}

TEST(Convergence, MeasuresTheMidpointRulesOrder) {
  const auto errors = convergence_errors(midpoint_rule, 0.2, 8);

  EXPECT_NEAR(errors.order(1), 2.0, 0.05);
  EXPECT_TRUE(converges(errors, {.order = 2.0}));
  EXPECT_FALSE(converges(errors, {.order = 4.0}));
}

TEST(Convergence, ErrorsAtRoundingLevelCountAsConverged) {
  const auto errors = convergence_errors([](int) { return 1.0; }, 1.0, 4);

  EXPECT_TRUE(converges(errors, {.order = 8.0}));
}

}  // namespace
}  // namespace lensmill::test_support
