#include "lib/catalogue/converted_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/catalogue/csv_source.hpp"
#include "lib/catalogue/rows.hpp"
#include "lib/core/units.hpp"
#include "tests/unit/catalogue/csv_file.hpp"

namespace lensmill::catalogue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// As astropy writes it, some columns with more to say of them.
constexpr const char* ecsv =
    "# %ECSV 1.0\n"
    "# ---\n"
    "# delimiter: ','\n"
    "# datatype:\n"
    "# - {name: lens_phi_rad, unit: deg, datatype: int64}\n"
    "# -\n"
    "#   name: theta_e_arcsec\n"
    "#   unit: mas\n"
    "#   datatype: float64\n"
    "# - {name: lens_q, datatype: float64}\n"
    "# schema: astropy-2.0\n"
    "lens_phi_rad,theta_e_arcsec,lens_q\n"
    "30,1500,0.7\n"
    "-90,750,0.9\n";

std::unique_ptr<const ConvertedSource> converted(const CsvFile& file) {
  return std::make_unique<const ConvertedSource>(
      std::make_unique<const CsvSource>(file.path()));
}

TEST(ConvertedSource, ConvertsTheColumnsOfAnEcsvFileAndSaysSo) {
  const CsvFile file(ecsv);
  auto source = converted(file);

  EXPECT_THAT(source->problems(), IsEmpty());
  ASSERT_EQ(source->conversions().size(), 2U);
  EXPECT_THAT(source->conversions()[0],
              HasSubstr("rows.csv: column `lens_phi_rad` has the unit `deg`: converted "
                        "to rad"));
  EXPECT_THAT(source->conversions()[1], HasSubstr("`mas`: converted to arcsec"));
  const FileRows rows(std::move(source));
  EXPECT_THAT(rows.read(0, 2).values,
              ElementsAre(30.0 * rad_from_deg(1.0), 1500.0 * 1.0e-3, 0.7,
                          -90.0 * rad_from_deg(1.0), 750.0 * 1.0e-3, 0.9));
}

TEST(ConvertedSource, LeavesAloneWhatStatesNoUnit) {
  const CsvFile file("lens_phi_rad,theta_e_arcsec\n0.5,1.5\n");
  auto source = converted(file);

  EXPECT_THAT(source->conversions(), IsEmpty());
  EXPECT_THAT(FileRows(std::move(source)).read(0, 1).values, ElementsAre(0.5, 1.5));
}

TEST(ConvertedSource, NamesTheColumnsThatCannotBeConverted) {
  const CsvFile file(
      "# %ECSV 1.0\n"
      "# ---\n"
      "# - {name: lens_q, unit: deg, datatype: float64}\n"
      "# - {name: src_flux_nmgy_r, unit: 'mJy', datatype: float64}\n"
      "# - {name: my_own, unit: furlong, datatype: float64}\n"
      "lens_q,src_flux_nmgy_r,my_own\n0.5,1.0,2\n");

  EXPECT_THAT(converted(file)->problems(),
              ElementsAre(HasSubstr("column `lens_q` has the unit `deg`"),
                          HasSubstr("column `src_flux_nmgy_r` has the unit `mJy`")));
}

}  // namespace
}  // namespace lensmill::catalogue
