#include "lib/analysis/estimate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace lensmill::analysis {
namespace {

TEST(Mean, HasTheStandardErrorOfTheScatter) {
  const std::vector<double> values{1.0, 2.0, 3.0, 6.0};

  const Mean mean = mean_of(values);

  EXPECT_EQ(mean.n, 4);
  EXPECT_EQ(mean.value, 3.0);
  // Squared deviations 4 + 1 + 0 + 9, over n - 1 and n.
  EXPECT_DOUBLE_EQ(mean.standard_error, std::sqrt(14.0 / 3.0 / 4.0));
}

TEST(Mean, LeavesOutWhatIsNotFinite) {
  const std::vector<double> values{std::nan(""), 2.0,
                                   std::numeric_limits<double>::infinity(), 4.0};

  EXPECT_EQ(mean_of(values).n, 2);
  EXPECT_EQ(mean_of(values).value, 3.0);
}

TEST(Mean, OfTooFewValuesIsUndefined) {
  const std::vector<double> one{5.0};

  EXPECT_EQ(mean_of(one).value, 5.0);
  EXPECT_TRUE(std::isnan(mean_of(one).standard_error));
  EXPECT_EQ(mean_of({}).n, 0);
  EXPECT_TRUE(std::isnan(mean_of({}).value));
}

}  // namespace
}  // namespace lensmill::analysis
