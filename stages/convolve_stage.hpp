#pragma once

#include <memory>

#include "stages/margin_levels.hpp"
#include "stages/stage.hpp"

namespace lensmill::stages {

/// convolve: this row's PSF made ready, turned as its host is; arc and counter-image
/// after the PSF, scaled to the source's flux in each band. A row whose PSF is too
/// sharp for the run's lattice to keep the tolerance is not_converged.
class ConvolveStage final : public Stage {
 public:
  struct Config {
    int bands = 1;
    std::shared_ptr<const MarginLevels> margins;
    bool wants_arc_intrinsic = false;  ///< whether that product is written
    /// Kernels as samples of continuous PSFs (Deposit::spline): their error on this
    /// lattice of analytic kinds follows from each row's width, of stored ones it is
    /// here.
    bool continuous = true;
    PerBand<double> stored_lattice_error{};
    double pixel_tolerance = 1.0e-3;
  };
  explicit ConvolveStage(Config config);

  Step step() const override { return Step::convolve; }
  std::vector<Plane> needs() const override {
    return {Plane::injection, Plane::arc_planes};
  }
  std::vector<Plane> gives() const override {
    return {Plane::arc_fields,    Plane::psf,           Plane::lattice_error,
            Plane::unit_arc_flux, Plane::arc_intrinsic, Plane::arc,
            Plane::counter_image};
  }
  void apply(Stamp& stamp, const InjectionStreams& streams) const override;

 private:
  void prepare_psf(Stamp& stamp, int band) const;
  double lattice_error(const Stamp& stamp, int band) const;

  Config config_;
};

}  // namespace lensmill::stages
