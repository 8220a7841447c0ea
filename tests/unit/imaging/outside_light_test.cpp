#include "lib/imaging/outside_light.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <random>
#include <vector>

#include "lib/psf/function_kernel.hpp"
#include "lib/psf/moffat.hpp"

namespace lensmill::imaging {
namespace {

constexpr int stamp = 24;
constexpr int half = 16;
/// A bound that is a sum over the border's segments, of an envelope that is a step per
/// pixel, may be this much above the worst pixel; more would cost margins for nothing.
constexpr double loosest = 12.0;

psf::LatticeKernel moffat(double fwhm_pix, int half_pix = half) {
  const int side = 2 * half_pix + 1;
  return psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = fwhm_pix}, 2.5),
                                  {.size = {side, side},
                                   .oversample = 1,
                                   .normalisation = psf::Normalisation::unit});
}

/// What light in single pixels adds to every stamp pixel, by definition.
Image<double> convolved(const std::vector<OutsideCell>& pixels,
                        const psf::LatticeKernel& kernel) {
  Image<double> image(stamp, stamp);
  for (const auto& pixel : pixels) {
    for (int j = 0; j < stamp; ++j) {
      for (int i = 0; i < stamp; ++i) {
        const int row = j - static_cast<int>(pixel.y_pix) + kernel.origin_y;
        const int column = i - static_cast<int>(pixel.x_pix) + kernel.origin_x;
        if (row < 0 || row >= kernel.samples.ny() || column < 0 ||
            column >= kernel.samples.nx()) {
          continue;
        }
        image(j, i) += pixel.flux * kernel.samples(row, column);
      }
    }
  }
  return image;
}

/// Those that are outside the margin.
std::vector<OutsideCell> beyond(const std::vector<OutsideCell>& pixels, int margin) {
  const auto inside = [&](double pix) {
    return pix >= -margin && pix < stamp + margin;
  };
  std::vector<OutsideCell> out;
  std::ranges::copy_if(pixels, std::back_inserter(out), [&](const auto& pixel) {
    return !inside(pixel.x_pix) || !inside(pixel.y_pix);
  });
  return out;
}

/// Pixels of light outside the stamp, as far as the stamp is wide.
std::vector<OutsideCell> random_cells(std::mt19937& random, int count) {
  std::uniform_int_distribution<int> place(-stamp, 2 * stamp - 1);
  std::uniform_real_distribution<double> flux(0.1, 1.0);
  std::vector<OutsideCell> cells;
  while (static_cast<int>(cells.size()) < count) {
    const int x = place(random);
    const int y = place(random);
    if (x >= 0 && x < stamp && y >= 0 && y < stamp) continue;
    cells.push_back({.x_pix = static_cast<double>(x),
                     .y_pix = static_cast<double>(y),
                     .flux = flux(random)});
  }
  return cells;
}

constexpr CoreDisc core{.x_pix = 11.5, .y_pix = 11.5, .radius_pix = 5.0};

double in_core(const Image<double>& image) {
  double sum = 0.0;
  for (int y = 0; y < stamp; ++y) {
    for (int x = 0; x < stamp; ++x) {
      if (std::hypot(x - core.x_pix, y - core.y_pix) < core.radius_pix) {
        sum += image(y, x);
      }
    }
  }
  return sum;
}

TEST(LightLeftOut, BoundsWhatIsAddedToEveryPixelAndToTheCore) {
  std::mt19937 random(1);
  const auto kernel = moffat(4.0);
  PsfWings wings;
  wings.add(kernel);
  double loosest_seen = 0.0;
  for (const int margin : {0, 3, 8}) {
    for (const int count : {1, 20, 400}) {
      for (int draw = 0; draw < 20; ++draw) {
        const auto cells = random_cells(random, count);
        const auto truth = convolved(beyond(cells, margin), kernel);
        const double worst = std::ranges::max(truth.pixels());

        const auto bound = light_left_out(cells, wings, stamp, margin, core, 0.0);
        const auto rough = light_left_out(cells, wings, stamp, margin, core, 1.0e9);

        ASSERT_GE(bound.pixel_flux, worst) << margin << " " << count;
        ASSERT_GE(rough.pixel_flux, bound.pixel_flux);
        ASSERT_GE(bound.core_flux, in_core(truth));
        // One distant cell may be beyond the kernel's corner and yet within its reach.
        if (count > 1) loosest_seen = std::max(loosest_seen, bound.pixel_flux / worst);
      }
    }
  }
  EXPECT_LT(loosest_seen, loosest);
}

/// The pixels of a cell, evenly bright.
std::vector<OutsideCell> pixels_of(const OutsideCell& cell) {
  const int side = static_cast<int>(2.0 * cell.half_pix);
  std::vector<OutsideCell> pixels;
  for (int j = 0; j < side; ++j) {
    for (int i = 0; i < side; ++i) {
      pixels.push_back({.x_pix = cell.x_pix - cell.half_pix + 0.5 + i,
                        .y_pix = cell.y_pix - cell.half_pix + 0.5 + j,
                        .flux = cell.flux / (side * side)});
    }
  }
  return pixels;
}

// Beside a border, at a corner, across the margin; alone each.
TEST(LightLeftOut, BoundsWhatWideCellsAdd) {
  const auto kernel = moffat(4.0);
  PsfWings wings;
  wings.add(kernel);
  for (const double half_pix : {2.0, 6.0, 12.0}) {
    const double beside = -0.5 - half_pix;
    for (const double y_pix : {11.5, beside, stamp - 0.5 + half_pix}) {
      const OutsideCell cell{
          .x_pix = beside, .y_pix = y_pix, .half_pix = half_pix, .flux = 1.0};
      for (const int margin : {0, 3, 8}) {
        const auto truth = convolved(beyond(pixels_of(cell), margin), kernel);

        const auto bound = light_left_out({&cell, 1}, wings, stamp, margin, core, 0.0);

        EXPECT_GE(bound.pixel_flux, std::ranges::max(truth.pixels()))
            << half_pix << " " << y_pix << " " << margin;
        EXPECT_GE(bound.core_flux, in_core(truth));
      }
    }
  }
}

TEST(LightLeftOut, IsNothingBeyondTheReachOfTheKernel) {
  PsfWings wings;
  wings.add(moffat(3.0, 4));
  const std::vector<OutsideCell> cells{{.x_pix = -12.0, .y_pix = 5.0, .flux = 1.0}};

  EXPECT_EQ(wings.reach_pix(), 4);
  EXPECT_EQ(light_left_out(cells, wings, stamp, 0, core, 0.0).pixel_flux, 0.0);
}

TEST(LightLeftOut, OfACellAcrossTheMarginCountsThePartBeyond) {
  PsfWings wings;
  wings.add(moffat(3.0));
  // 8 pixels wide, from -8.5 to -0.5.
  const std::vector<OutsideCell> cells{
      {.x_pix = -4.5, .y_pix = 11.5, .half_pix = 4.0, .flux = 1.0}};

  const auto at = [&](int margin) {
    return light_left_out(cells, wings, stamp, margin, core, 0.0).core_flux;
  };

  EXPECT_GT(at(0), 0.0);
  EXPECT_DOUBLE_EQ(at(4), 0.5 * at(0));
  EXPECT_EQ(at(8), 0.0);
}

TEST(PsfWings, AreTheEnvelopeOfAllKernels) {
  PsfWings narrow;
  narrow.add(moffat(2.0));
  PsfWings wide;
  wide.add(moffat(6.0));
  PsfWings both;
  both.add(moffat(2.0));
  both.add(moffat(6.0));

  for (const double distance : {0.0, 1.5, 5.0, 15.0}) {
    EXPECT_DOUBLE_EQ(
        both.share_beyond(distance),
        std::max(narrow.share_beyond(distance), wide.share_beyond(distance)));
  }
  for (std::size_t box = 0; box < PsfWings::boxes_pix.size(); ++box) {
    EXPECT_DOUBLE_EQ(
        both.least_share_of_box(box),
        std::min(narrow.least_share_of_box(box), wide.least_share_of_box(box)));
  }
}

// A point, and a disc wider than the PSF: neither above the truth, nor far below.
TEST(LeastLight, IsBelowTheConvolvedPeakAndCoreAndNotFarBelow) {
  // The boxes are small beside the largest disc, and a box counts with the share of its
  // darkest corner.
  constexpr double farthest_below = 4.0;
  // A point is seen by the core's pixels within the box alone.
  constexpr double core_farthest_below = 6.0;
  const auto kernel = moffat(4.0);
  PsfWings wings;
  wings.add(kernel);
  Image<double> workspace;
  for (const double radius : {0.4, 2.0, 6.0}) {
    ArcPlanes planes;
    planes.margin_pix = 2;
    for (auto& plane : planes.pixel.plane) plane.assign(stamp + 4, stamp + 4, 0.0);
    std::vector<OutsideCell> pixels;
    for (int y = 0; y < stamp; ++y) {
      for (int x = 0; x < stamp; ++x) {
        if (std::hypot(x - 12, y - 12) > radius) continue;
        planes.pixel.plane[0](y + 2, x + 2) = 1.0;
        pixels.push_back({.x_pix = static_cast<double>(x),
                          .y_pix = static_cast<double>(y),
                          .flux = 1.0});
      }
    }
    const auto image = convolved(pixels, kernel);
    const double peak = std::ranges::max(image.pixels());

    const auto least = least_light(planes, wings, stamp, core, workspace);

    EXPECT_LE(least.peak_flux, peak) << radius;
    EXPECT_GT(least.peak_flux, peak / farthest_below) << radius;
    EXPECT_LE(least.core_flux, in_core(image)) << radius;
    EXPECT_GT(least.core_flux, in_core(image) / core_farthest_below) << radius;
  }
}

}  // namespace
}  // namespace lensmill::imaging
