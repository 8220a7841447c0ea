#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "lib/catalogue/injection.hpp"
#include "lib/core/bands.hpp"
#include "lib/imaging/planes.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"
#include "stages/psf_bank.hpp"

namespace lensmill::stages {

/// What a lattice is chosen by in one band: some rows of the run's beginning.
struct BandProbe {
  std::size_t band = 0;
  double sharpest_fwhm_pix = 0.0;
  std::vector<catalogue::Injection> rows;
};

/// The run's convolution lattice, and the error of each band's stored kernels on it (of
/// the peak; 0 for analytic kinds, whose error follows from each row's width).
struct LatticeChoice {
  imaging::Lattice lattice;
  PerBand<double> stored_error{};
};

/// What pixels are integrated, and the PSF is known, to: render.pixel_tolerance, or
/// three times render.core_tolerance if that is less, since the PSF brings light from
/// everywhere into the core.
double pixel_tolerance_of(const config::RenderSection& render);

/// `convolve.oversample: auto`: the fewest lattice points per pixel with which every
/// band's PSF is known between them to a fifth of pixel_tolerance_of(); stored
/// kernels and PSFEx models are measured (the 32 sharpest of a list, every probed row).
/// A stated number is taken if the error is below pixel_tolerance. Its margin is 0.
/// \throws ConfigError where neither 16 points nor the stated number is enough
LatticeChoice choose_lattice(const config::RunConfig& config, const Inputs& inputs,
                             imaging::Deposit deposit,
                             const std::vector<BandProbe>& bands);

/// How far analytic kernels reach on the run's stamps with this margin; none for the
/// discrete operation.
std::optional<KernelReach> kernel_reach(const config::RunConfig& config,
                                        imaging::Deposit deposit, int margin_pix);

}  // namespace lensmill::stages
