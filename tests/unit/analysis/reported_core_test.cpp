#include "lib/analysis/reported_core.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lensmill::analysis {
namespace {

TEST(ReportedCore, IsBandRAndTheRadiusNearestTo5Pix) {
  struct Case {
    BandNames bands;
    std::vector<double> radii_pix;
    std::size_t band, radius;
  };
  for (const auto& c :
       {Case{{"g", "r", "z"}, {3.0, 4.0, 6.5}, 1, 1}, Case{{"r", "z"}, {5.0}, 0, 0},
        Case{{"i", "z"}, {8.0, 5.5, 2.0}, 0, 1},
        Case{{"z", "r"}, {4.0, 6.0}, 1, 0},  // equally near
        Case{{"z", "r"}, {6.0, 4.0}, 1, 1}}) {
    const auto core = reported_core(c.bands, c.radii_pix);
    EXPECT_EQ(core.band, c.band);
    EXPECT_EQ(core.radius, c.radius);
    EXPECT_EQ(core.radius_pix, c.radii_pix[c.radius]);
  }
}

}  // namespace
}  // namespace lensmill::analysis
