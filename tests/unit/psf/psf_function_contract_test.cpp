// What every psf::PsfFunction must keep, since kernels and lattices are made by it. A
// new kind of PSF is one more line in `functions`.

#include "lib/psf/psf_function.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "lib/psf/function_kernel.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"

namespace lensmill::psf {
namespace {

struct Function {
  std::string name;
  std::shared_ptr<const PsfFunction> psf;
  double wings;  ///< flux beyond `outermost_pix`, in closed form or bounded
};
constexpr double outermost_pix = 400.0;

/// (1 + R^2 / alpha^2)^(1 - beta) of a round Moffat lies beyond R.
double moffat_wings(double fwhm_pix, double beta) {
  const double alpha = 0.5 * fwhm_pix / std::sqrt(std::pow(2.0, 1.0 / beta) - 1.0);
  return std::pow(1.0 + std::pow(outermost_pix / alpha, 2), 1.0 - beta);
}

/// Passes on, and counts the points.
class Counted final : public PsfFunction {
 public:
  explicit Counted(const PsfFunction& psf) : psf_(psf) {}
  void evaluate(std::span<const double> x, std::span<const double> y,
                std::span<double> density) const override {
    points_ += x.size();
    psf_.evaluate(x, y, density);
  }
  double sharpest_fwhm_pix() const override { return psf_.sharpest_fwhm_pix(); }
  bool eightfold_symmetric() const override { return psf_.eightfold_symmetric(); }
  std::size_t points() const { return points_; }

 private:
  const PsfFunction& psf_;
  mutable std::size_t points_ = 0;
};

class PsfFunctionContract : public testing::TestWithParam<Function> {
 protected:
  const PsfFunction& psf() const { return *GetParam().psf; }
  double at(double x, double y) const {
    double value = 0.0;
    psf().evaluate({&x, 1}, {&y, 1}, {&value, 1});
    return value;
  }
};

TEST_P(PsfFunctionContract, ABatchIsItsPoints) {
  std::vector<double> x, y;
  for (int k = 0; k < 37; ++k) {  // no multiple of a vector's length
    x.push_back(0.3 * k * std::cos(2.4 * k));
    y.push_back(0.3 * k * std::sin(2.4 * k));
  }
  std::vector<double> batch(x.size());

  psf().evaluate(x, y, batch);

  for (std::size_t k = 0; k < x.size(); ++k) {
    EXPECT_EQ(batch[k], at(x[k], y[k])) << "point " << k;
    EXPECT_GT(batch[k], 0.0) << "point " << k;
  }
}

TEST_P(PsfFunctionContract, HasUnitIntegralOverThePlane) {
  // Polar midpoints, finer towards the centre; an ellipse's wings beyond a circle are
  // within a few times those of the round PSF, which are below 1e-4 here.
  constexpr double quadrature = 1.0e-5;
  constexpr int radii = 4000;
  constexpr int angles = 360;
  double flux = 0.0;
  for (int k = 0; k < radii; ++k) {
    const double u = (k + 0.5) / radii;
    const double radius = outermost_pix * u * u;
    const double ring =
        2.0 * std::numbers::pi * radius * outermost_pix * 2.0 * u / radii;
    for (int a = 0; a < angles; ++a) {
      const double phi = 2.0 * std::numbers::pi * (a + 0.5) / angles;
      flux += at(radius * std::cos(phi), radius * std::sin(phi)) * ring / angles;
    }
  }
  const double wings = GetParam().wings;
  EXPECT_NEAR(flux, 1.0 - wings, quadrature + 2.0 * wings);
}

TEST_P(PsfFunctionContract, IsHalfOfItsPeakAtHalfTheSharpestWidth) {
  // Along the sharpest axis; along all others it is above half.
  const double half = 0.5 * psf().sharpest_fwhm_pix();
  double least = at(0.0, 0.0);
  for (int a = 0; a < 720; ++a) {
    const double phi = std::numbers::pi * a / 720.0;
    least = std::min(least, at(half * std::cos(phi), half * std::sin(phi)));
  }
  // A quarter of a degree off the axis.
  constexpr double angle_tolerance = 1.0e-4;
  EXPECT_NEAR(least / at(0.0, 0.0), 0.5, angle_tolerance);
}

TEST_P(PsfFunctionContract, HasItsPeakAtTheOriginAndIsPointSymmetric) {
  for (int k = 1; k < 100; ++k) {
    const double x = 0.1 * k * std::cos(2.4 * k);
    const double y = 0.1 * k * std::sin(2.4 * k);
    EXPECT_LT(at(x, y), at(0.0, 0.0));
    EXPECT_DOUBLE_EQ(at(x, y), at(-x, -y));
  }
}

TEST_P(PsfFunctionContract, HasTheSymmetryThatItClaims) {
  constexpr double rounding = 1.0e-13;  // of an exponent up to 200
  bool symmetric = true;
  for (int k = 1; k < 50; ++k) {
    const double x = 0.2 * k * std::cos(2.4 * k);
    const double y = 0.2 * k * std::sin(2.4 * k);
    const double value = at(x, y);
    for (const double other : {at(-x, y), at(x, -y), at(y, x)}) {
      symmetric = symmetric && std::abs(other - value) <= rounding * value;
    }
  }
  EXPECT_EQ(symmetric, psf().eightfold_symmetric());
}

TEST_P(PsfFunctionContract, IsMadeIntoAKernelAtABoundedCost) {
  // Points per lattice sample, one and a half times what it took when the bound was
  // set; an octant is enough for a round PSF.
  const double most_points_per_sample = psf().eightfold_symmetric() ? 13.0 : 95.0;
  constexpr double sum_tolerance = 1.0e-12;
  const Counted counted(psf());

  const LatticeKernel kernel = make_lattice_kernel(
      counted,
      {.size = {65, 65}, .oversample = 2, .normalisation = Normalisation::unit});

  double sum = 0.0;
  for (const double sample : kernel.samples.pixels()) sum += sample;
  EXPECT_NEAR(sum / 4.0, 1.0, 0.05);  // a lattice of two by two samples a pixel
  EXPECT_NEAR(kernel.sum, 1.0, sum_tolerance);
  const auto samples = static_cast<double>(kernel.samples.size());
  EXPECT_LE(static_cast<double>(counted.points()), most_points_per_sample * samples);
  RecordProperty("points_per_sample",
                 std::to_string(static_cast<double>(counted.points()) / samples));
}

INSTANTIATE_TEST_SUITE_P(
    AllFunctions, PsfFunctionContract,
    testing::Values(
        Function{"gaussian", std::make_shared<Gaussian>(PsfShape{.fwhm_pix = 4.6}),
                 0.0},
        Function{"narrow_gaussian",
                 std::make_shared<Gaussian>(PsfShape{.fwhm_pix = 1.2}), 0.0},
        Function{"elliptical_gaussian",
                 std::make_shared<Gaussian>(PsfShape{3.0, 0.5, 0.4}), 0.0},
        Function{"moffat", std::make_shared<Moffat>(PsfShape{.fwhm_pix = 4.6}, 3.0),
                 moffat_wings(4.6, 3.0)},
        Function{"heavy_moffat",
                 std::make_shared<Moffat>(PsfShape{.fwhm_pix = 3.0}, 2.0),
                 moffat_wings(3.0, 2.0)},
        Function{"elliptical_moffat",
                 std::make_shared<Moffat>(PsfShape{3.5, 0.7, -0.9}, 2.5),
                 moffat_wings(3.5, 2.5)}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace lensmill::psf
