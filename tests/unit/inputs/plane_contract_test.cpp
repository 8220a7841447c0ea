#include "tests/support/plane_contract.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/inputs/open_inputs.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/data_folder.hpp"

/// \file
/// Stages hand on nothing but declared planes, in the shipped configurations that read
/// files: real hosts, survey images, real galaxies, stored PSFs.

namespace lensmill::pipeline {
namespace {

class PlaneContractOfFiles : public ::testing::TestWithParam<const char*> {};

TEST_P(PlaneContractOfFiles, AShippedConfiguration) {
  for (const char* file :
       {"des-hosts/g.fits", "legacysurvey-decals/decam-00390498-S10-psfex.fits",
        "cosmos-sources/real_galaxy_catalog_23.5.fits"}) {
    LENSMILL_NEEDS_DATA(file);
  }
  const auto config = config::read_run_config(
      test_support::source_folder() / "configs" / GetParam(), {});
  const auto opened = open_inputs(config, {});
  const auto setup = stages::make_setup(config, opened.inputs);
  test_support::PlaneContract contract(*setup.chain);

  constexpr std::int64_t rows = 3;
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto block = opened.inputs->rows->read(row, 1);
    contract.check_row(block.injection_id[0], block.row(0));
  }

  EXPECT_THAT(contract.problems(), ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Shipped, PlaneContractOfFiles,
                         ::testing::Values("real_decals.yaml", "real_survey.yaml",
                                           "survey_hosts.yaml", "galaxy_sources.yaml"));

}  // namespace
}  // namespace lensmill::pipeline
