#pragma once

#include <vector>

#include "lib/imaging/arc_renderer.hpp"
#include "lib/imaging/convolver.hpp"
#include "lib/lens/point_source_memory.hpp"
#include "lib/measure/aperture.hpp"
#include "lib/measure/core_leakage.hpp"
#include "lib/measure/correlated_snr.hpp"
#include "lib/measure/profiles.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/turned_kernel.hpp"
#include "stages/margin_levels.hpp"
#include "stages/source_maker.hpp"
#include "stages/stamp.hpp"

namespace lensmill::stages {

/// The stages' private workspaces: one of each per rank, reused from row to row. No
/// stage finds here what another made for it (planes are for that; PsfInUse points
/// here). What is cached here (kernels, spectra, apertures) is keyed by everything it
/// depends on, so that it never changes a bit of the result.
struct Stamp::Buffers {
  imaging::ArcRenderer::WorkspacePointer renderer =
      imaging::ArcRenderer::make_workspace();
  imaging::ArcPlanes host_planes;
  MarginLevels::WingsBuffers wings;
  Image<double> box_sums;  ///< of the lens stage: how bright the arc is
  SourceBuffers source;
  imaging::ConvolverWorkspace convolver;
  psf::FunctionKernelWorkspace function_kernel;
  Image<float> unit_stamp;
  measure::CovarianceWorkspace covariance;
  lens::PointSourceMemory point_source;
  Image<float> cutout, invvar, cutout_mask, oriented, oriented_invvar;

  struct PsfBuffers {
    bool filled = false;
    int margin_pix = 0;
    double fwhm_pix = 0.0, beta = 0.0, x_pix = 0.0, y_pix = 0.0;
    std::int64_t index = 0;
    psf::PlaneTurn turn;
    psf::LatticeKernel kernel, kernel_without_pixel;
    psf::LatticeKernel turned;  ///< of use while a kernel is made
    imaging::PreparedKernel prepared, prepared_without_pixel;
  };
  PerBand<PsfBuffers> psf;

  struct ApertureCache {
    bool filled = false;
    int margin_pix = 0;
    double x_pix = 0.0, y_pix = 0.0;
    std::vector<measure::ApertureWeights> core;            ///< over the stamp, [radius]
    std::vector<measure::ApertureWeights> circle_lattice;  ///< `circle` only, [radius]
    measure::ApertureWeights annulus;
    measure::RadialBins bins;
    imaging::ImageSpectra spectra;  ///< of `circle_lattice` or else `core`
  } aperture;

  /// The apertures without a band's masked pixels, made anew for each row that has any.
  struct MaskedApertures {
    std::vector<measure::ApertureWeights> core;  ///< [radius]
    imaging::ImageSpectra spectra;
  };
  PerBand<MaskedApertures> masked;

  /// Of the measure stage, [radius] or [radius * planes + plane].
  struct CoreSums {
    std::vector<ImageView<const double>> weights;
    std::vector<double> flux;
    std::vector<measure::KindValues> intrinsic, transported;
  } core_sums;
};

}  // namespace lensmill::stages
