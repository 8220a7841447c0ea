#include "lib/measure/psf_self_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

#include "lib/core/errors.hpp"
#include "lib/imaging/spline.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"

namespace lensmill::measure {
namespace {

using imaging::ConvolutionOperator;
using imaging::Deposit;
using testing::Each;
using testing::Field;

imaging::Lattice lattice_of(int stamp, int oversample) {
  return {.stamp_size_pix = stamp,
          .oversample = oversample,
          .border = imaging::spline_support / 2 + 1};
}

PsfSelfTest moffat_test(psf::KernelSize size, int oversample = 1, int stamp = 64) {
  const psf::Moffat psf({.fwhm_pix = 5.0}, 2.5);
  return {
      .label = "r: moffat",
      .lattice = lattice_of(stamp, oversample),
      .kernel = psf::make_lattice_kernel(psf, {.size = size, .oversample = oversample}),
      .untruncated = psf::make_lattice_kernel(
          psf, {.size = {161, 161}, .oversample = oversample})};
}

const PsfTestRow& find(const PsfSelfTestResult& result, std::string_view name) {
  const auto at = std::ranges::find_if(
      result.rows, [&](const PsfTestRow& r) { return r.name.starts_with(name); });
  if (at == result.rows.end()) throw std::runtime_error("no row " + std::string(name));
  return *at;
}

TEST(PsfSelfTest, PassesWhatIsRight) {
  for (const auto& size : {psf::KernelSize{57, 57}, {56, 56}, {31, 41}, {91, 91}}) {
    for (int oversample : {1, 2}) {
      const auto result = run(moffat_test(size, oversample, 32));

      EXPECT_TRUE(result.passed()) << to_text(result);
    }
  }
}

TEST(PsfSelfTest, PassesSharpWideAndTinyKernels) {
  struct Case {
    double fwhm_pix, beta;
    psf::KernelSize size;
    int oversample, stamp;
  };
  for (const Case& c : {Case{1.0, 2.5, {9, 9}, 4, 33},
                        {9.0, 1.5, {121, 121}, 1, 64},
                        {4.0, 3.5, {5, 5}, 1, 24},
                        {4.0, 3.5, {1, 1}, 1, 24},
                        {3.5, 2.5, {33, 33}, 1, 101}}) {
    const psf::Moffat psf({.fwhm_pix = c.fwhm_pix}, c.beta);
    const auto result = run({.label = "moffat",
                             .lattice = lattice_of(c.stamp, c.oversample),
                             .kernel = psf::make_lattice_kernel(
                                 psf, {.size = c.size, .oversample = c.oversample})});

    EXPECT_TRUE(result.passed()) << to_text(result);
  }
}

TEST(PsfSelfTest, HoldsGaussiansToTheRingsClosedForm) {
  for (const auto& [fwhm, oversample] : {std::pair{5.0, 1}, {2.4, 2}}) {
    const psf::Gaussian psf({.fwhm_pix = fwhm});
    const auto result = run({.label = "g: gaussian",
                             .lattice = lattice_of(64, oversample),
                             .kernel = psf::make_lattice_kernel(
                                 psf, {.size = {25, 25}, .oversample = oversample}),
                             .gaussian_sigma_pix = psf.sigma_pix()});

    EXPECT_TRUE(result.passed()) << to_text(result);
    EXPECT_TRUE(find(result, "ring_in_core_fraction").passed);
  }
}

TEST(PsfSelfTest, KeepsItsRingsInTheStamp) {
  struct Case {
    int stamp;
    double core_radius_pix;
  };
  for (const Case& c : {Case{8, 5.0}, {9, 5.0}, {32, 50.0}}) {
    PsfSelfTest test = moffat_test({9, 9}, 1, c.stamp);
    const psf::Gaussian psf({.fwhm_pix = 4.0});
    test.kernel = psf::make_lattice_kernel(psf, {.size = {13, 13}, .oversample = 1});
    test.gaussian_sigma_pix = psf.sigma_pix();
    test.core_radius_pix = c.core_radius_pix;

    const auto result = run(test);

    EXPECT_TRUE(result.passed()) << to_text(result);
  }
}

TEST(PsfSelfTest, FailsTheLegacyOperator) {
  PsfSelfTest test = moffat_test({33, 33});
  test.op = ConvolutionOperator::legacy_ifftshift;
  test.lattice = {.stamp_size_pix = 64};
  test.deposit = Deposit::pixels;
  test.kernel_includes_pixel = false;

  const auto result = run(test);

  EXPECT_FALSE(result.passed());
  EXPECT_FALSE(find(result, "impulse_x_pix").passed);
  EXPECT_FALSE(find(result, "against_direct_over_peak").passed);
  test.op = ConvolutionOperator::fft;
  EXPECT_TRUE(run(test).passed()) << to_text(run(test));
}

TEST(PsfSelfTest, MakesTheCheapChecksToo) {
  PsfSelfTest test = moffat_test({33, 33});
  test.kernel.origin_x += 5;

  const auto result = run(test);

  EXPECT_FALSE(result.passed());
  EXPECT_FALSE(find(result, "core_offset_pix").passed);
  EXPECT_NEAR(find(result, "core_offset_pix").measured, 5.0, 1.0e-3);
}

TEST(PsfSelfTest, HoldsTheDirectOperatorToTheFft) {
  PsfSelfTest test = moffat_test({33, 33});
  test.op = ConvolutionOperator::direct;

  const auto result = run(test);

  // Single precision differs in the last digits: two ways, not one with itself.
  EXPECT_GT(find(result, "against_fft_over_peak").measured, 0.0);
  EXPECT_TRUE(result.passed()) << to_text(result);
}

TEST(PsfSelfTest, SeesTheImpulseMovedByOnePixel) {
  PsfSelfTest good = moffat_test({33, 33});
  // An operator that took the origin for n / 2 of an even kernel would do this.
  PsfSelfTest moved = good;
  moved.kernel.origin_x += 1;
  const auto a = run(good);
  const auto b = run(moved);

  EXPECT_NEAR(find(b, "impulse_x_pix").measured - find(a, "impulse_x_pix").measured,
              -1.0, 0.01);
}

TEST(PsfSelfTest, CountsThePixelsResponses) {
  PsfSelfTest test = moffat_test({33, 33});
  test.lattice = {.stamp_size_pix = 64};
  test.deposit = Deposit::pixels;

  const auto twice = run(test);
  test.allow_double_pixel = true;
  const auto allowed = run(test);

  EXPECT_EQ(find(twice, "pixel_responses (as stated)").measured, 2.0);
  EXPECT_FALSE(twice.passed());
  EXPECT_TRUE(allowed.passed());
  EXPECT_FALSE(find(allowed, "pixel_responses").passed);
}

TEST(PsfSelfTest, MeasuresThePixelsResponseWhereItCan) {
  PsfSelfTest test = moffat_test({57, 57});
  const psf::Moffat psf({.fwhm_pix = 5.0}, 2.5);
  const psf::LatticeKernel without = psf::make_lattice_kernel(
      psf, {.size = {57, 57}, .pixel_response = psf::PixelResponse::omit});
  test.without_pixel = without;

  const auto once = run(test);
  test.kernel = without;
  const auto never = run(test);

  constexpr double of_the_cut = 0.05;  // the rectangle's edge
  EXPECT_NEAR(find(once, "pixel_responses (measured)").measured, 1.0, of_the_cut);
  EXPECT_NEAR(find(never, "pixel_responses (measured)").measured, 0.0, of_the_cut);
  EXPECT_TRUE(once.passed()) << to_text(once);
  EXPECT_FALSE(never.passed());
}

TEST(PsfSelfTest, WarnsOfTruncationWithoutFailing) {
  const auto cut = run(moffat_test({33, 33}));
  const auto wide = run(moffat_test({91, 91}));

  EXPECT_FALSE(find(cut, "truncation_core_flux_change").passed);
  EXPECT_GT(find(cut, "truncation_core_flux_change").measured, truncation_warning);
  EXPECT_TRUE(cut.passed());
  EXPECT_TRUE(find(wide, "truncation_core_flux_change").passed) << to_text(wide);
  EXPECT_THAT(to_text(cut), testing::HasSubstr("WARNING"));
}

TEST(PsfSelfTest, SaysWhatOtherPoliciesDoToCoreFluxWithoutJudging) {
  PsfSelfTest test = moffat_test({33, 33});
  psf::LatticeKernel doubled = test.kernel;
  for (double& sample : doubled.samples.pixels()) sample *= 2.0;
  test.variants = {{"the same", test.kernel}, {"twice the flux", doubled}};

  const auto result = run(test);

  const auto& same = find(result, "core_flux (the same)");
  const auto& twice = find(result, "core_flux (twice the flux)");
  constexpr double single_precision = 1.0e-6;
  EXPECT_GT(same.expected, 0.1);
  EXPECT_NEAR(same.measured, same.expected, single_precision);
  EXPECT_NEAR(twice.measured, 2.0 * twice.expected, single_precision);
  EXPECT_TRUE(twice.informational);
  EXPECT_TRUE(result.passed());
  EXPECT_THAT(to_text(result), testing::HasSubstr(" info"));
}

TEST(PsfSelfTest, LegacyRefusesALargeKernel) {
  PsfSelfTest test = moffat_test({33, 33}, 1, 32);
  test.op = ConvolutionOperator::legacy_ifftshift;
  test.lattice = {.stamp_size_pix = 32};
  test.deposit = Deposit::pixels;

  EXPECT_THROW(run(test), DataError);
}

}  // namespace
}  // namespace lensmill::measure
