#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "lib/canvas/image_slab.hpp"
#include "lib/canvas/kernel_columns.hpp"
#include "lib/canvas/patches.hpp"
#include "lib/canvas/psf_basis.hpp"
#include "lib/imaging/spline.hpp"

namespace lensmill::canvas {
namespace {

using parallel::Communicator;

constexpr double sigma_pix = 2.0;
constexpr double model_scale_pix = 200.0;

/// d/dsigma of a Gaussian of unit flux, times 0.2 sigma: a star grows by a fifth over
/// POLSCAL, to first order.
double growth(double r2) {
  const double s2 = sigma_pix * sigma_pix;
  return 0.2 * (r2 / s2 - 2.0) * std::exp(-0.5 * r2 / s2) / (2.0 * M_PI * s2);
}
double gaussian(double r2) {
  const double s2 = sigma_pix * sigma_pix;
  return std::exp(-0.5 * r2 / s2) / (2.0 * M_PI * s2);
}

/// Width linear in x, and a part that grows with y^2 and tilts with x y.
psf::PsfexModel varying_model() {
  psf::PsfexModel model{.basis = {},
                        .polynomial_name = {"X_IMAGE", "Y_IMAGE"},
                        .polynomial_zero = {100.0, 80.0},
                        .polynomial_scale = {model_scale_pix, model_scale_pix},
                        .polynomial_degree = 2,
                        .sampling_pix = 1.0,
                        .name = "varying"};
  constexpr int side = 31;
  // 1, x, x^2, y, x y, y^2
  for (int term = 0; term < 6; ++term) {
    auto& image = model.basis.emplace_back(side, side, 0.0);
    for (int j = 0; j < side; ++j) {
      for (int i = 0; i < side; ++i) {
        const double x = i - side / 2;
        const double y = j - side / 2;
        const double r2 = x * x + y * y;
        if (term == 0) image(j, i) = gaussian(r2);
        if (term == 1) image(j, i) = growth(r2);
        if (term == 4) image(j, i) = 0.05 * x * y * gaussian(r2);
        if (term == 5) image(j, i) = 0.3 * gaussian(r2);
      }
    }
  }
  return model;
}

/// What the model says directly, at an offset from a star.
double directly(double x_star, double y_star, double dx, double dy) {
  const double x = (x_star + 1.0 - 100.0) / model_scale_pix;
  const double y = (y_star + 1.0 - 80.0) / model_scale_pix;
  const double r2 = dx * dx + dy * dy;
  return gaussian(r2) + x * growth(r2) + x * y * 0.05 * dx * dy * gaussian(r2) +
         y * y * 0.3 * gaussian(r2);
}

/// A star of unit flux at an image position.
Patch star(std::int64_t order, double x_pix, double y_pix, const CanvasGeometry& g) {
  const double x = g.rim + g.oversample * x_pix;
  const double y = g.rim + g.oversample * y_pix;
  const auto wx = imaging::spline_weights(x - std::floor(x));
  const auto wy = imaging::spline_weights(y - std::floor(y));
  Patch patch{.place = {order, static_cast<int>(std::floor(y)) - 2,
                        static_cast<int>(std::floor(x)) - 2, imaging::spline_support,
                        imaging::spline_support},
              .values = {}};
  for (const double b : wy) {
    for (const double a : wx) patch.values.push_back(static_cast<float>(a * b));
  }
  return patch;
}

/// What comes to this rank when rank k of n has made every n-th patch from the k-th.
std::vector<Bytes> shared(const std::vector<Patch>& all, const CanvasGeometry& g,
                          const PsfBasis& basis, std::size_t term,
                          const SlabTransform& canvas, const Communicator& ranks) {
  const auto size = static_cast<std::size_t>(ranks.size());
  std::vector<Bytes> to(size);
  for (auto k = static_cast<std::size_t>(ranks.rank()); k < all.size(); k += size) {
    share_out(weighted(all[k], g, basis, term), g, canvas.rows_of_ranks(), to);
  }
  return exchange_messages(ranks, to);
}

/// The convolved image, whole, on the root; empty elsewhere.
Image<float> convolved(const std::vector<Patch>& patches, const CanvasGeometry& g,
                       const PsfBasis& basis, const Communicator& ranks) {
  SlabTransform canvas(g.fft_ny, g.fft_nx, ranks);
  SpectrumSum sum;
  for (std::size_t term = 0; term < basis.terms(); ++term) {
    canvas.clear();
    deposit(
        shared(patches, g, basis, term, canvas, ranks), [](auto) { return 1.0; },
        canvas);
    canvas.forward();
    sum.add(basis.kernel(term), canvas);
  }
  sum.put(canvas);
  canvas.inverse();
  const auto rows = image_rows_of_ranks(g, canvas.rows_of_ranks());
  const auto slab = take_image(canvas, g, rows[static_cast<std::size_t>(ranks.rank())]);
  Image<float> whole;
  if (ranks.is_root()) whole.assign(g.ny_pix, g.nx_pix, -1.0F);
  rows_to_root(
      slab, rows,
      [&](int y0, ImageView<const float> part) {
        for (int j = 0; j < part.ny(); ++j) {
          std::ranges::copy(part.row(j), whole.view().row(y0 + j).begin());
        }
      },
      ranks);
  return whole;
}

TEST(Canvas, GoodLengthsAreEvenAndHaveSmallFactors) {
  EXPECT_EQ(good_canvas_size(1), 2);
  EXPECT_EQ(good_canvas_size(97), 98);
  EXPECT_EQ(good_canvas_size(3649), 3750);
  for (const int n : {1, 97, 3649, 16545}) {
    EXPECT_GE(good_canvas_size(n), n);
    EXPECT_EQ(good_canvas_size(n) % 2, 0);
  }
}

// Roundings of two transforms in single precision.
constexpr double transform_tolerance = 2.0e-6;

TEST(Canvas, TransformsThereAndBackForAnySizeAndMoreRanksThanRows) {
  const auto world = Communicator::world();
  for (const auto& [ny, nx] : {std::pair{37, 53}, {2, 10}, {64, 3}, {1, 7}}) {
    SlabTransform field(ny, nx, world);
    const auto value = [&](int y, int x) {
      return static_cast<float>(std::sin(1.0 + 3.0 * y + 7.0 * x * x));
    };
    for (int y = field.rows().begin; y < field.rows().end; ++y) {
      for (int x = 0; x < nx; ++x)
        field.row(y)[static_cast<std::size_t>(x)] = value(y, x);
    }

    field.forward();
    field.inverse();

    for (int y = field.rows().begin; y < field.rows().end; ++y) {
      for (int x = 0; x < nx; ++x) {
        EXPECT_NEAR(static_cast<double>(field.row(y)[static_cast<std::size_t>(x)]) /
                        (double(ny) * nx),
                    value(y, x), transform_tolerance)
            << ny << " x " << nx;
      }
    }
  }
}

TEST(Canvas, DepositedSlabsHaveTheBytesOfOneRank) {
  const auto world = Communicator::world();
  const PsfBasis basis(varying_model(), 1, psf::Normalisation::keep, {1.0, 1.0});
  const auto g = make_geometry(61, 47, 1, basis.reach());
  std::vector<Patch> patches;
  for (int k = 0; k < 40; ++k) {  // many on the same pixels
    patches.push_back(star(k, 20.0 + 0.37 * k, 3.0 + 0.71 * (k * k % 17), g));
  }
  const auto filled = [&](SlabTransform& canvas, const Communicator& ranks) {
    deposit(
        shared(patches, g, basis, 1, canvas, ranks),
        [](std::int64_t k) { return 1.0 + 0.1 * double(k); }, canvas);
  };
  SlabTransform alone(g.fft_ny, g.fft_nx, Communicator());
  SlabTransform together(g.fft_ny, g.fft_nx, world);

  filled(alone, Communicator());
  filled(together, world);

  for (int y = together.rows().begin; y < together.rows().end; ++y) {
    EXPECT_EQ(0, std::memcmp(together.row(y).data(), alone.row(y).data(),
                             together.row(y).size_bytes()))
        << "row " << y;
  }
}

// The contract of the field: of a local kernel's peak.
constexpr double kernel_tolerance = 1.0e-4;

TEST(Canvas, StarsOfAVaryingModelAreItsLocalKernels) {
  const auto world = Communicator::world();
  for (const auto normalisation :
       {psf::Normalisation::keep, psf::Normalisation::unit}) {
    const PsfBasis basis(varying_model(), 1, normalisation, {1.0, 1.0});
    const auto g = make_geometry(150, 130, 1, basis.reach());
    std::vector<Patch> patches;
    std::vector<std::array<int, 2>> places;
    for (int y = 20; y < 150; y += 50) {
      for (int x = 20; x < 130; x += 45) {
        places.push_back({x, y});
        patches.push_back(star(std::int64_t(places.size()), x, y, g));
      }
    }

    const auto image = convolved(patches, g, basis, world);

    if (!world.is_root()) continue;
    for (const auto& [x, y] : places) {
      const auto kernel =
          psf::lattice_kernel_at(varying_model(), x + 1.0, y + 1.0,
                                 {.oversample = 1, .normalisation = normalisation});
      const double peak = kernel.samples(kernel.origin_y, kernel.origin_x);
      for (int dy = -12; dy <= 12; ++dy) {
        for (int dx = -12; dx <= 12; ++dx) {
          EXPECT_NEAR(image(y + dy, x + dx),
                      kernel.samples(kernel.origin_y + dy, kernel.origin_x + dx),
                      kernel_tolerance * peak)
              << x << ' ' << y << ' ' << dx << ' ' << dy;
        }
      }
    }
  }
}

TEST(Canvas, StarsBetweenPixelsAgreeWithTheModelEvaluatedDirectly) {
  const auto world = Communicator::world();
  const PsfBasis basis(varying_model(), 1, psf::Normalisation::keep, {1.0, 1.0});
  const auto g = make_geometry(120, 120, 1, basis.reach());
  const std::vector<std::array<double, 2>> places{
      {20.3, 25.8}, {95.5, 30.1}, {60.25, 90.5}};
  std::vector<Patch> patches;
  for (const auto& [x, y] : places) {
    patches.push_back(star(std::int64_t(patches.size()), x, y, g));
  }

  const auto image = convolved(patches, g, basis, world);

  if (!world.is_root()) return;
  for (const auto& [x, y] : places) {
    const double peak = directly(x, y, 0.0, 0.0);
    for (int j = int(y) - 8; j <= int(y) + 8; ++j) {
      for (int i = int(x) - 8; i <= int(x) + 8; ++i) {
        EXPECT_NEAR(image(j, i), directly(x, y, i - x, j - y), kernel_tolerance * peak);
      }
    }
  }
}

TEST(Canvas, NothingWrapsAround) {
  const auto world = Communicator::world();
  const PsfBasis basis(varying_model(), 1, psf::Normalisation::keep, {1.0, 1.0});
  const auto g = make_geometry(60, 70, 1, basis.reach());
  // One in the corner, one beyond it by less than the kernel reaches.
  const std::vector<Patch> patches{star(0, 0.0, 0.0, g), star(1, -3.0, 59.0, g)};

  const auto image = convolved(patches, g, basis, world);

  if (!world.is_root()) return;
  const float peak = image(0, 0);
  EXPECT_GT(image(59, 0), 0.05F * peak);  // what lies off the image reaches it
  for (int y = 0; y < 60; ++y) {
    for (int x = 40; x < 70; ++x) {
      EXPECT_LT(std::abs(image(y, x)), static_cast<float>(transform_tolerance) * peak)
          << x << ' ' << y;
    }
  }
}

TEST(Canvas, OversampledLatticesReadPixelsAtTheirCentres) {
  const auto world = Communicator::world();
  auto model = varying_model();
  model.sampling_pix = 0.5;  // a sharp PSF, sampled twice a pixel
  const PsfBasis basis(model, 2, psf::Normalisation::unit, {1.0, 1.0});
  const auto g = make_geometry(41, 43, 2, basis.reach());

  const auto image = convolved({star(0, 20.0, 21.5, g)}, g, basis, world);

  if (!world.is_root()) return;
  const auto kernel = psf::lattice_kernel_at(
      model, 21.0, 22.5, {.oversample = 2, .normalisation = psf::Normalisation::unit});
  const double peak = kernel.samples(kernel.origin_y, kernel.origin_x);
  for (int dy = -5; dy <= 5; ++dy) {
    for (int dx = -5; dx <= 5; ++dx) {
      // 21 + dy - 21.5 pixels are 2 dy - 1 lattice points.
      EXPECT_NEAR(
          image(21 + dy, 20 + dx),
          kernel.samples(kernel.origin_y + 2 * dy - 1, kernel.origin_x + 2 * dx),
          kernel_tolerance * peak);
    }
  }
}

TEST(Canvas, CutsBoxesAcrossSlabsAndFillsWhatIsOffTheImage) {
  const auto world = Communicator::world();
  SlabTransform canvas(30, 20, world);
  const CanvasGeometry g{.ny_pix = 30, .nx_pix = 20, .fft_ny = 30, .fft_nx = 20};
  for (int y = canvas.rows().begin; y < canvas.rows().end; ++y) {
    for (int x = 0; x < 20; ++x) {
      canvas.row(y)[static_cast<std::size_t>(x)] = static_cast<float>(100 * y + x);
    }
  }
  const auto rows = image_rows_of_ranks(g, canvas.rows_of_ranks());
  const auto slab = take_image(canvas, g, rows[static_cast<std::size_t>(world.rank())]);
  const std::vector<Place> boxes{{0, 5, -2, 20, 6}, {1, 25, 15, 8, 8}};
  const int last = world.size() - 1;

  const auto cut = cut_boxes(
      slab, boxes, [&](std::int64_t) { return last; }, -7.0F, world);

  if (world.rank() != last) {
    EXPECT_TRUE(cut.empty());
    return;
  }
  ASSERT_EQ(cut.size(), 2U);
  EXPECT_EQ(cut[0](0, 0), -7.0F);
  EXPECT_EQ(cut[0](19, 5), 2403.0F);
  EXPECT_EQ(cut[1](4, 4), 2919.0F);
  EXPECT_EQ(cut[1](5, 0), -7.0F);
}

}  // namespace
}  // namespace lensmill::canvas
