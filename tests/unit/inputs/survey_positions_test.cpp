#include "pipeline/inputs/survey_positions.hpp"

#include <fitsio.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/core/errors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::TemporaryFolder;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A FITS table of one position with these types and units.
void write_positions(const std::filesystem::path& path, const char* form,
                     const char* unit, double ra, double dec) {
  fitsfile* fits = nullptr;
  int status = 0;
  const char* names[] = {"RA", "DEC"};
  const char* forms[] = {form, form};
  const char* units[] = {unit, unit};
  std::filesystem::remove(path);
  fits_create_diskfile(&fits, path.c_str(), &status);
  fits_create_tbl(fits, BINARY_TBL, 1, 2, const_cast<char**>(names),
                  const_cast<char**>(forms), const_cast<char**>(units), nullptr,
                  &status);
  fits_write_col(fits, TDOUBLE, 1, 1, 1, 1, &ra, &status);
  fits_write_col(fits, TDOUBLE, 2, 1, 1, 1, &dec, &status);
  fits_close_file(fits, &status);
  ASSERT_EQ(status, 0);
}

HostPositions positions_in(const std::filesystem::path& path) {
  config::SurveyPositions positions;
  positions.file = path.string();
  return read_positions(positions);
}

TEST(SurveyPositions, ComeInTheUnitThatTheirFileStates) {
  const TemporaryFolder folder;
  const auto path = folder / "positions.fits";
  const auto read_them = [&] { return positions_in(path); };
  constexpr double rounding = 1.0e-13;

  write_positions(path, "D", "rad", 0.5, 0.25);
  const auto converted = read_them();
  EXPECT_NEAR(converted.first[0], 28.64788975654116, 30.0 * rounding);
  EXPECT_NEAR(converted.second[0], 14.32394487827058, 15.0 * rounding);
  EXPECT_THAT(converted.warnings,
              Contains(HasSubstr("column `RA` has the unit `rad`: converted to deg")));
  write_positions(path, "D", "pixel", 100.0, 100.0);
  EXPECT_THAT(read_them, ThrowsMessage<DataError>(HasSubstr(
                             "column `RA` has the unit `pixel`, which is no deg")));
  write_positions(path, "D", "deg", 10.0, 0.0);
  EXPECT_THAT(read_them().warnings, testing::IsEmpty());
}

TEST(SurveyPositions, SinglePrecisionIsSaidWithWhatItMoves) {
  const TemporaryFolder folder;
  const auto path = folder / "positions.fits";

  // Steps of 2^-15 deg from 256 on, of 2^-22 from 2 on.
  write_positions(path, "E", "deg", 300.0, 3.0);
  const auto warnings = positions_in(path).warnings;

  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0], AllOf(HasSubstr("column `RA` is of type float32"),
                                 HasSubstr("by up to 0.055 arcsec")));
}

}  // namespace
}  // namespace lensmill::pipeline
