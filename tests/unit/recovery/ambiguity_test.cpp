#include "lib/recovery/ambiguity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lensmill::recovery {
namespace {

using enum Ambiguity;

Position at(double x, double y) { return on_image(x, y, 1.0); }

TEST(AmbiguityFlags, AreNoneFainterOrBrighterByRadius) {
  const std::vector injections{at(0.0, 0.0), at(50.0, 0.0), at(100.0, 0.0)};
  const std::vector<double> arc_flux{10.0, 10.0, 10.0};
  const std::vector without_arcs{at(0.6, 0.0), at(0.0, 1.2), at(50.0, 0.5)};
  const std::vector<double> flux{3.0, 30.0, 10.0};
  const std::vector<double> radii{0.5, 1.0, 1.5};

  const auto flags = ambiguity_flags(injections, arc_flux, without_arcs, flux, radii);

  EXPECT_EQ(flags[0], (std::vector{none, fainter, brighter}));
  EXPECT_EQ(flags[1], (std::vector{brighter, brighter, brighter}));  // as bright
  EXPECT_EQ(flags[2], (std::vector{none, none, none}));
}

TEST(AmbiguityFlags, SayUnknownWhereBrightnessCannotBeCompared) {
  const std::vector injections{at(0.0, 0.0)};
  const std::vector<double> arc_flux{10.0};
  const std::vector<double> radii{1.0};
  const std::vector two{at(0.1, 0.0), at(0.5, 0.0)};
  const double nan = std::nan("");

  const auto flag = [&](std::vector<double> flux) {
    return ambiguity_flags(injections, arc_flux, two, flux, radii)[0][0];
  };

  EXPECT_EQ(ambiguity_flags(injections, {}, two, {}, radii)[0][0], unknown);
  EXPECT_EQ(flag({nan, 1.0}), unknown);
  EXPECT_EQ(flag({1.0, nan}), unknown);
  // A brighter one decides, whatever else is there, in any order.
  EXPECT_EQ(flag({nan, 20.0}), brighter);
  EXPECT_EQ(flag({20.0, nan}), brighter);
  EXPECT_EQ(flag({1.0, 2.0}), fainter);
  const std::vector<double> unknown_arc{nan};
  const std::vector<double> fluxes{1.0, 2.0};
  EXPECT_EQ(ambiguity_flags(injections, unknown_arc, two, fluxes, radii)[0][0],
            unknown);
}

TEST(AmbiguityFlags, OfAnEmptyCatalogueAreNone) {
  const std::vector injections{at(0.0, 0.0)};
  const std::vector<double> radii{1.0, 2.0};

  EXPECT_EQ(ambiguity_flags(injections, {}, {}, {}, radii)[0],
            (std::vector{none, none}));
}

}  // namespace
}  // namespace lensmill::recovery
