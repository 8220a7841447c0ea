#include "lib/core/random_stream.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lensmill {
namespace {

// Known-answer vector of Random123 for Philox4x32-10 with all-zero counter and key.
TEST(RandomStream, FirstBlockIsThePublishedKnownAnswer) {
  RandomStream stream(0, 0, StreamTag{0});

  EXPECT_EQ(stream.bits(), 0x6627e8d5u);
  EXPECT_EQ(stream.bits(), 0xe169c58du);
  EXPECT_EQ(stream.bits(), 0xbc57ac4cu);
  EXPECT_EQ(stream.bits(), 0x9b00dbd8u);
}

TEST(RandomStream, TagsAndRowsAreIndependentIdentities) {
  RandomStream a(7, 1, StreamTag::theta_e);
  RandomStream b(7, 1, StreamTag::lens_phi);
  RandomStream c(7, 2, StreamTag::theta_e);
  RandomStream again(7, 1, StreamTag::theta_e);

  const double first = a.uniform();

  EXPECT_NE(first, b.uniform());
  EXPECT_NE(first, c.uniform());
  EXPECT_EQ(first, again.uniform());
}

class PoissonMoments : public testing::TestWithParam<double> {};

TEST_P(PoissonMoments, MeanAndVarianceEqualTheMean) {
  constexpr int draws = 200000;
  constexpr double five_sigma = 5.0;
  const double mean = GetParam();
  RandomStream stream(11, 3, StreamTag::sky_noise);
  double sum = 0.0;
  double sum_of_squares = 0.0;

  std::vector<double> deviates(draws);
  stream.fill_poisson(std::vector<double>(draws, mean), deviates);
  for (const double k : deviates) {
    sum += k - mean;
    sum_of_squares += (k - mean) * (k - mean);
  }

  // var(sample mean) = mean/n; var(sample variance) = (2 mean^2 + mean)/n for Poisson.
  EXPECT_NEAR(sum / draws, 0.0, five_sigma * std::sqrt(mean / draws));
  EXPECT_NEAR(sum_of_squares / draws, mean,
              five_sigma * std::sqrt((2.0 * mean * mean + mean) / draws));
}
INSTANTIATE_TEST_SUITE_P(AcrossTheSwitch, PoissonMoments,
                         testing::Values(0.05, 1.0, 12.0, 29.0, 31.0, 1.0e4));

}  // namespace
}  // namespace lensmill
