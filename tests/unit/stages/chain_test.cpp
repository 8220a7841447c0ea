#include "stages/chain.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "stages/products.hpp"
#include "tests/support/chain_runner.hpp"

namespace lensmill::stages {
namespace {

using test_support::ChainRunner;
using test_support::shipped_config;

class ARowRenderedAgain : public ::testing::Test {
 protected:
  void SetUp() override { runner_.apply(0, stamp_); }

  void begin() {
    block_ = catalogue::SampledRows(runner_.count()).read(0, 1);
    runner_.chain().begin(block_.injection_id[0], block_.row(0), stamp_);
  }
  static bool same(const Image<float>& a, const Image<float>& b) {
    return std::ranges::equal(a.pixels(), b.pixels());
  }

  ChainRunner runner_{shipped_config("quickstart.yaml")};
  Stamp stamp_ = runner_.make_stamp();
  catalogue::RowBlock block_;
};

TEST_F(ARowRenderedAgain, StepByStepHasTheSamePixels) {
  const auto whole = stamp_.images[0];
  auto& again = stamp_.images[0];
  for (auto* image : {&again.positive, &again.negative, &again.arc, &again.host}) {
    std::ranges::fill(image->pixels(), 0.0F);
  }

  begin();
  for (const Step step : {Step::sample, Step::lens, Step::convolve, Step::host,
                          Step::noise, Step::measure}) {
    EXPECT_FALSE(is_failure(runner_.chain().run(step, stamp_)));
  }

  EXPECT_TRUE(same(whole.positive, again.positive));
  EXPECT_TRUE(same(whole.negative, again.negative));
  EXPECT_TRUE(same(whole.arc, again.arc));
}

TEST_F(ARowRenderedAgain, KeepsWhatIsNotRun) {
  const auto whole = stamp_.images[0];

  begin();
  runner_.chain().run(Step::sample, stamp_);
  stamp_.injection.src_reff_arcsec *= 0.5;
  runner_.chain().run(Step::lens, Step::convolve, stamp_);

  EXPECT_FALSE(same(whole.arc, stamp_.images[0].arc));
  EXPECT_TRUE(same(whole.host, stamp_.images[0].host));
  EXPECT_TRUE(same(whole.positive, stamp_.images[0].positive));
}

TEST_F(ARowRenderedAgain, IsNotRunOnAfterWhatStopsIt) {
  const auto whole = stamp_.images[0];
  begin();
  runner_.chain().run(Step::sample, stamp_);
  stamp_.injection.src_reff_arcsec *= 0.5;
  stamp_.status = Status::bad_psf;

  EXPECT_EQ(runner_.chain().run(Step::lens, Step::measure, stamp_), Status::bad_psf);

  EXPECT_TRUE(same(whole.arc, stamp_.images[0].arc));
}

TEST(Statuses, SayWhatMayFollow) {
  for (const Status status : all_statuses) {
    const bool stops = status == Status::bad_host || status == Status::bad_psf ||
                       status == Status::no_coverage || status == Status::bad_source ||
                       status == Status::too_magnified;
    EXPECT_EQ(can_go_on(status), !stops) << to_string(status);
    EXPECT_EQ(has_images(status), !stops && status != Status::snr_unreachable)
        << to_string(status);
  }
}

TEST(Products, AreFoundByTheirNames) {
  for (const auto& product : products()) {
    EXPECT_EQ(find_product(product.name), &product);
    EXPECT_EQ(product.is_flux, product.unit == "nmgy") << product.name;
  }
  EXPECT_EQ(find_product("arcs"), nullptr);
}

}  // namespace
}  // namespace lensmill::stages
