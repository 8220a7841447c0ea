#include "lib/catalogue/column_mapping.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>

#include "lib/catalogue/csv_source.hpp"
#include "lib/catalogue/mapped_source.hpp"
#include "lib/core/errors.hpp"
#include "tests/unit/catalogue/csv_file.hpp"

namespace lensmill::catalogue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double pi = std::numbers::pi;
// A few operations on numbers of order 1 to 100.
constexpr double rounding = 1.0e-13;

ColumnMap column(const std::string& ours, const std::string& theirs,
                 const std::string& unit = "", std::optional<double> zero_point = {}) {
  return {.ours = ours, .theirs = theirs, .unit = unit, .zero_point_mag = zero_point};
}

ColumnMapping mapping_of(std::vector<ColumnMap> columns,
                         const MappingConventions& conventions = {}) {
  return {.columns = std::move(columns),
          .conventions = conventions,
          .grid = {.stamp_size_pix = 64, .pixel_scale_arcsec = 0.25}};
}

/// Conventions with some of them set.
template <class Set>
MappingConventions stated(Set&& set) {
  MappingConventions conventions;
  set(conventions);
  return conventions;
}

/// A file that states these units, and has every column.
RowMapping made(const ColumnMapping& mapping,
                const std::map<std::string, std::string>& units = {}) {
  return {mapping, [&](const std::string& theirs) -> std::optional<std::string> {
            const auto at = units.find(theirs);
            return at == units.end() ? "" : at->second;
          }};
}

/// Of a mapping of one row.
std::vector<double> mapped(const RowMapping& rows, std::vector<double> theirs) {
  EXPECT_THAT(rows.problems(), IsEmpty());
  std::vector<double> ours(rows.outputs().size());
  EXPECT_EQ(rows.apply(theirs, ours), "");
  return ours;
}

/// The only problem.
std::string problem_of(const RowMapping& rows) {
  EXPECT_EQ(rows.problems().size(), 1U);
  return rows.problems().empty() ? "" : rows.problems()[0].second;
}

TEST(ColumnMapping, UnitsAreConvertedWhoeverStatesThem) {
  const auto rows =
      made(mapping_of(
               {column("lens_phi_rad", "PA", "deg"), column("theta_e_arcsec", "B"),
                column("src_reff_arcsec", "R", "pix"), column("src_flux_nmgy_r", "F")}),
           {{"B", "mas"}, {"F", "nJy"}});
  const auto ours = mapped(rows, {90.0, 1500.0, 2.0, 3631.0});
  EXPECT_NEAR(ours[0], 0.5 * pi, rounding);
  EXPECT_NEAR(ours[1], 1.5, rounding);
  EXPECT_NEAR(ours[2], 0.5, rounding);
  EXPECT_NEAR(ours[3], 1.0, rounding);  // 3631 Jy is AB magnitude 0
}

TEST(ColumnMapping, AUnitThatContradictsTheFilesIsRefused) {
  const auto rows =
      made(mapping_of({column("lens_phi_rad", "PA", "rad")}), {{"PA", "deg"}});
  EXPECT_THAT(problem_of(rows), HasSubstr("the file says that `PA` is in `deg`, the "
                                          "mapping says `rad`"));
}

TEST(ColumnMapping, AUnitThatNobodyStatesIsAskedFor) {
  EXPECT_THAT(problem_of(made(mapping_of({column("lens_phi_rad", "PA")}))),
              HasSubstr("add `unit: ` with rad or deg"));
  EXPECT_THAT(
      problem_of(made(mapping_of({column("lens_phi_rad", "PA")}), {{"PA", "furlong"}})),
      HasSubstr("must be rad or deg (got furlong)"));
}

TEST(ColumnMapping, AMagnitudeNeedsItsZeroPoint) {
  const std::map<std::string, std::string> mag{{"M", "mag"}};
  for (const char* ours : {"src_flux_nmgy_r", "src_mag_r", "host_mag_r"}) {
    EXPECT_THAT(problem_of(made(mapping_of({column(ours, "M")}), mag)),
                HasSubstr("add `zero_point_mag: 22.5` if it is an AB magnitude"))
        << ours;
  }
  const auto flux = made(mapping_of({column("src_flux_nmgy_r", "M", "", 22.5)}), mag);
  EXPECT_NEAR(mapped(flux, {20.0})[0], 10.0, rounding * 10.0);
  const auto shifted = made(mapping_of({column("src_mag_r", "M", "mag", 25.0)}));
  EXPECT_NEAR(mapped(shifted, {22.5})[0], 20.0, rounding * 20.0);
  EXPECT_THAT(
      problem_of(made(mapping_of({column("src_flux_nmgy_r", "F", "nmgy", 22.5)}))),
      HasSubstr("zero_point_mag is for magnitudes"));
  // A difference has none.
  EXPECT_THAT(made(mapping_of({column("src_colour_g_r", "C", "mag")})).problems(),
              IsEmpty());
}

TEST(ColumnMapping, EllipticityComponentsBecomeAxisRatioAndAngle) {
  const double q = 0.6;
  const double phi = 0.7;
  const double e = (1.0 - q) / (1.0 + q);
  const auto columns = std::vector{column("lens_e1", "E1"), column("lens_e2", "E2")};
  const auto rows = made(mapping_of(columns));
  ASSERT_THAT(rows.outputs(), ElementsAre("lens_q", "lens_phi_rad"));
  auto ours = mapped(rows, {e * std::cos(2.0 * phi), e * std::sin(2.0 * phi)});
  EXPECT_NEAR(ours[0], q, rounding);
  EXPECT_NEAR(ours[1], phi, rounding);

  const double chi = (1.0 - q * q) / (1.0 + q * q);
  const auto squares = made(mapping_of(
      columns,
      stated([](auto& c) { c.ellipticity = EllipticityForm::over_sum_of_squares; })));
  ours = mapped(squares, {chi * std::cos(2.0 * phi), chi * std::sin(2.0 * phi)});
  EXPECT_NEAR(ours[0], q, rounding);
  EXPECT_NEAR(ours[1], phi, rounding);

  std::vector<double> out(2);
  EXPECT_THAT(rows.apply(std::vector{0.8, 0.6}, out),
              HasSubstr("|e| must be below 1 (got 1 from 0.8, 0.6 in `E1`, `E2`)"));
}

TEST(ColumnMapping, AnglesFromNorthAreLeftToTheHost) {
  const auto rows =
      made(mapping_of({column("lens_phi_rad", "PA", "deg"), column("src_e1", "E1"),
                       column("src_e2", "E2"), column("lens_q", "Q")},
                      stated([](auto& c) { c.angle_zero = AngleZero::north; })));
  EXPECT_THAT(rows.sky_angles(), ElementsAre("lens_phi_rad", "src_phi_rad"));
}

TEST(ColumnMapping, AnglesFromYClockwise) {
  const auto rows =
      made(mapping_of({column("lens_phi_deg", "PA", "deg")}, stated([](auto& c) {
                        c.angle_zero = AngleZero::y;
                        c.angle_clockwise = true;
                      })));
  EXPECT_NEAR(mapped(rows, {30.0})[0], 60.0, 60.0 * rounding);
}

TEST(ColumnMapping, RadiiOnTheMajorAxisAreCircularised) {
  const auto conventions = stated([](auto& c) { c.src_reff_major_axis = true; });
  const auto rows = made(mapping_of(
      {column("src_reff_arcsec", "A", "arcsec"), column("src_q", "Q")}, conventions));
  EXPECT_NEAR(mapped(rows, {2.0, 0.25})[0], 1.0, rounding);
  // |e| 0.6 is an axis ratio of 0.25.
  const auto by_e = made(mapping_of(
      {column("src_reff_arcsec", "A", "arcsec"), column("src_ellipticity", "E")},
      conventions));
  EXPECT_NEAR(mapped(by_e, {2.0, 0.6})[0], 1.0, rounding);
  EXPECT_THAT(problem_of(made(
                  mapping_of({column("src_reff_arcsec", "A", "arcsec")}, conventions))),
              HasSubstr("needs its axis ratio in each row: map src_q, too"));
}

TEST(ColumnMapping, PositionsAreCountedFromWhereTheMappingSays) {
  const auto rows = made(mapping_of(
      {column("lens_x_arcsec", "X", "pix"), column("src_x_arcsec", "XS", "pix")},
      stated([](auto& c) {
        c.src_position_absolute = true;
        c.origin_is_half_n = true;
      })));
  const auto ours = mapped(rows, {2.0, 6.0});
  EXPECT_NEAR(ours[0], 0.25 * 2.5, rounding);  // pixel N/2 is half a pixel from (N-1)/2
  EXPECT_NEAR(ours[1], 1.0, rounding);
}

TEST(MappedSource, NamesWhatTheFileDoesNotHave) {
  const CsvFile file("shape_q,TYPE\n0.5,DEV\n");
  auto wrong = column("lens_q", "shapeq");
  wrong.where = "catalogue.file.columns.lens_q at run.yaml:9";
  const auto opened = [&](const ColumnMap& map) {
    return MappedSource(std::make_unique<const CsvSource>(file.path()),
                        mapping_of({map}));
  };
  try {
    opened(wrong);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(
        error.what(),
        HasSubstr("catalogue.file.columns.lens_q at run.yaml:9: " + file.path() +
                  ": has no column `shapeq`; did you mean `shape_q`?"));
  }
  // Text as a number: told with its line.
  const auto text = opened(column("lens_q", "type"));
  std::vector<BadCell> bad;
  text.read(0, 1, text.columns(), bad);
  ASSERT_EQ(bad.size(), 1U);
  EXPECT_EQ(bad[0].column, "lens_q");
  EXPECT_THAT(bad[0].reason, HasSubstr("(column `TYPE`) must be a number (got `DEV`)"));
}

TEST(MappedSource, IdsOfSixtyFourBitsStayExact) {
  const CsvFile file("TARGETID,Q\n39627700000000001,0.5\n");
  const MappedSource source(
      std::make_unique<const CsvSource>(file.path()),
      mapping_of({column("injection_id", "TARGETID"), column("lens_q", "Q")}));
  std::vector<BadCell> bad;
  const auto table = source.read(0, 1, source.columns(), bad);
  EXPECT_EQ(table[0].values<std::int64_t>()[0], 39627700000000001);
}

}  // namespace
}  // namespace lensmill::catalogue
