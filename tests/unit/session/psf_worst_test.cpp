#include "pipeline/session/psf_worst.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace lensmill::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<KernelFacts> alike(int count) {
  std::vector<KernelFacts> kernels;
  for (int k = 0; k < count; ++k) {
    kernels.push_back({.name = fmt::format("host {}", k),
                       .offset_pix = 0.001 * k,
                       .sum = 1.0,
                       .fwhm_pix = 4.0});
  }
  return kernels;
}

/// Names in the table, in its order.
std::vector<std::string> listed(const WorstKernels& worst) {
  std::vector<std::string> names;
  for (std::size_t at = worst.text.find("  host"); at != std::string::npos;
       at = worst.text.find("  host", at + 1)) {
    names.push_back(worst.text.substr(at + 2, worst.text.find('\n', at) - at - 2));
  }
  return names;
}

TEST(WorstKernels, AreTheTenFarthestWhereNothingElseDiffers) {
  const auto worst = worst_kernels("r", alike(300));

  ASSERT_EQ(listed(worst).size(), 10U);
  EXPECT_EQ(listed(worst).front(), "host 299");
  EXPECT_EQ(listed(worst).back(), "host 290");
  EXPECT_THAT(worst.text, HasSubstr("PSF kernels r: 300; medians: sum 1.0000"));
  EXPECT_THAT(worst.notes, IsEmpty());
}

TEST(WorstKernels, WidthsAndSumsUnlikeTheOthersComeFirstAndAreNoted) {
  auto kernels = alike(40);
  kernels[7].fwhm_pix = 4.0 / 1.6;
  kernels[21].sum = 0.5;
  kernels[30].offset_pix = std::numeric_limits<double>::quiet_NaN();

  const auto worst = worst_kernels("r", kernels);

  const auto names = listed(worst);
  EXPECT_EQ(names[0], "host 30");
  EXPECT_EQ(names[1], "host 21");
  EXPECT_EQ(names[2], "host 7");
  EXPECT_THAT(worst.notes, ElementsAre(HasSubstr("host 7: warning: FWHM 2.50 px"),
                                       HasSubstr("host 21: warning")));
}

TEST(WorstKernels, ALittleIsNotNoted) {
  auto kernels = alike(40);
  kernels[7].fwhm_pix = 4.0 * 1.4;
  kernels[21].sum = 1.09;

  EXPECT_THAT(worst_kernels("r", kernels).notes, IsEmpty());
}

TEST(WorstKernels, AFewAreNotCompared) {
  auto kernels = alike(4);
  kernels[2].fwhm_pix = 1.0;

  const auto worst = worst_kernels("r", kernels);

  EXPECT_THAT(worst.notes, IsEmpty());
  EXPECT_EQ(listed(worst).size(), 4U);
  EXPECT_EQ(worst_kernels("r", {}).text, "");
}

}  // namespace
}  // namespace lensmill::pipeline
