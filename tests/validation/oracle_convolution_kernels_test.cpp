// Discrete convolution by every kernel of the oracle: even, off-centre, rectangular,
// larger than the stamp, not unit-sum, undersampled.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>

#include "lib/imaging/convolver.hpp"
#include "lib/psf/pixel_kernel.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/oracle.hpp"

namespace lensmill {
namespace {

using imaging::Deposit;
using psf::PixelResponse;
using test_support::Oracle;

constexpr int stamp_size_pix = 64;

/// The pixel-to-pixel operation in single precision, given the oracle's own image: a
/// few float epsilons of the peak; measured 3e-7.
constexpr double discrete_tolerance = 1.0e-6;

std::string psf_path(int id, const char* name) {
  return (id < 10 ? "psf/0" : "psf/") + std::to_string(id) + name;
}

/// The kernel as the oracle used it.
psf::PixelKernel stored_kernel(const Oracle& oracle, int id) {
  const auto array = oracle.file().read_all<double>(psf_path(id, "/kernel"));
  psf::PixelKernel kernel{.values = Image<double>(static_cast<int>(array.shape[0]),
                                                  static_cast<int>(array.shape[1])),
                          .name = psf_path(id, "/kernel")};
  std::ranges::copy(array.values, kernel.values.pixels().begin());
  return kernel;
}

/// Prepared once per kernel.
struct Operation {
  std::unique_ptr<const imaging::Convolver> convolver;
  imaging::PreparedKernel kernel;
};

void convolve(const Operation& operation, const Image<double>& plane,
              imaging::ConvolverWorkspace& workspace, Image<float>& stamp) {
  stamp.assign(stamp_size_pix, stamp_size_pix);
  const ImageView<const double> in = plane;
  const ImageView<float> out = stamp;
  operation.convolver->convolve({&in, 1}, operation.kernel, workspace, {&out, 1});
}

TEST(OracleKernels, DiscreteConvolutionIsReproducedGivenTheImage) {
  LENSMILL_NEEDS_DATA("oracle/open.h5");
  const Oracle oracle(test_support::data_path("oracle/open.h5"));
  const auto unconv = oracle.rows("images/unconv");
  const auto conv_pix = oracle.rows("images/conv_pix");
  const imaging::Lattice lattice{.stamp_size_pix = stamp_size_pix};
  imaging::ConvolverWorkspace workspace;
  std::map<int, Operation> operations;
  Image<double> plane(stamp_size_pix, stamp_size_pix);
  Image<float> stamp;
  double worst_of_all = 0.0;
  for (std::size_t k = 0; k < oracle.size(); ++k) {
    const int id = oracle[k].psf_id;
    auto& operation = operations[id];
    if (!operation.convolver) {
      operation.convolver = imaging::make_convolver(imaging::ConvolutionOperator::fft,
                                                    lattice, Deposit::pixels);
      operation.convolver->prepare(
          psf::make_lattice_kernel(stored_kernel(oracle, id),
                                   {.normalisation = psf::Normalisation::keep,
                                    .pixel_response = PixelResponse::omit}),
          workspace, operation.kernel);
    }
    std::ranges::copy(unconv[k], plane.pixels().begin());

    convolve(operation, plane, workspace, stamp);

    const auto truth = conv_pix[k];
    const double peak = *std::ranges::max_element(truth);
    double worst = 0.0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      worst =
          std::max(worst, std::abs(static_cast<double>(stamp.pixels()[i]) - truth[i]));
    }
    EXPECT_LT(worst, discrete_tolerance * peak) << "set " << k << ", PSF " << id;
    worst_of_all = std::max(worst_of_all, worst / peak);
  }
  EXPECT_EQ(operations.size(), 13u);  // every kernel of the oracle is in use
  std::cout << "worst pixel over peak: " << worst_of_all << "\n";
}

}  // namespace
}  // namespace lensmill
