#include "stages/convolve_stage.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/core/lanes.hpp"
#include "lib/lens/image_kind.hpp"
#include "lib/psf/oversample.hpp"
#include "stages/buffers.hpp"

namespace lensmill::stages {
ConvolveStage::ConvolveStage(Config config) : config_(std::move(config)) {
  EXPECT(config_.margins != nullptr);
}

void ConvolveStage::prepare_psf(Stamp& stamp, int band) const {
  const auto b = static_cast<std::size_t>(band);
  auto& buffers = stamp.buffers->psf[b];
  const auto& injection = stamp.injection;
  const MarginLevel& level = config_.margins->of(stamp.arc_planes);
  const auto same = [](double a, double c) { return a == c || (a != a && c != c); };
  const psf::PlaneTurn turn = level.bank->turn_of(band, injection);
  const bool unchanged = buffers.filled && buffers.turn == turn &&
                         buffers.margin_pix == level.margin_pix() &&
                         (level.bank->is_fixed(band) ||
                          (same(buffers.fwhm_pix, injection.psf_fwhm_pix[b]) &&
                           same(buffers.beta, injection.psf_moffat_beta) &&
                           same(buffers.x_pix, injection.psf_x_pix[b]) &&
                           same(buffers.y_pix, injection.psf_y_pix[b]) &&
                           buffers.index == injection.psf_index[b]));
  if (!unchanged) {
    buffers.filled = false;
    // A host that is turned has its PSF in it: the arc's is turned likewise.
    const auto make = [&](const PsfBank& bank, psf::LatticeKernel& kernel) {
      bank.make(band, injection, stamp.buffers->function_kernel, kernel);
      if (turn.is_identity()) return;
      psf::turn_kernel(kernel, turn, buffers.turned);
      std::swap(kernel, buffers.turned);
    };
    make(*level.bank, buffers.kernel);
    level.convolver->prepare(buffers.kernel, stamp.buffers->convolver,
                             buffers.prepared);
    if (level.bank_without_pixel) {
      make(*level.bank_without_pixel, buffers.kernel_without_pixel);
      level.convolver->prepare(buffers.kernel_without_pixel, stamp.buffers->convolver,
                               buffers.prepared_without_pixel);
    }
    buffers.fwhm_pix = injection.psf_fwhm_pix[b];
    buffers.beta = injection.psf_moffat_beta;
    buffers.x_pix = injection.psf_x_pix[b];
    buffers.y_pix = injection.psf_y_pix[b];
    buffers.index = injection.psf_index[b];
    buffers.turn = turn;
    buffers.margin_pix = level.margin_pix();
    buffers.filled = true;
  }
  stamp.psf[b] = {.kernel = &buffers.kernel,
                  .prepared = &buffers.prepared,
                  .prepared_without_pixel = level.bank_without_pixel
                                                ? &buffers.prepared_without_pixel
                                                : nullptr};
}

double ConvolveStage::lattice_error(const Stamp& stamp, int band) const {
  if (!config_.continuous) return 0.0;
  const MarginLevel& level = config_.margins->least();  // all have the same points
  const double fwhm_pix = level.bank->analytic_fwhm_pix(band, stamp.injection);
  return fwhm_pix > 0.0
             ? psf::lattice_error(fwhm_pix * level.convolver->lattice().oversample)
             : config_.stored_lattice_error[static_cast<std::size_t>(band)];
}

void ConvolveStage::apply(Stamp& stamp, const InjectionStreams&) const {
  stamp.arc_fields.set(stamp.arc_planes);
  const ArcViews arc(stamp.arc_fields, stamp.arc_planes);
  const auto& convolver = *config_.margins->of(stamp.arc_planes).convolver;
  const int n = convolver.lattice().stamp_size_pix;
  constexpr auto saddle = lens::ImageKind::saddle;
  const bool has_saddle =
      stamp.arc_planes.present[static_cast<std::size_t>(kind_index(saddle))];
  const std::size_t count = std::min<std::size_t>(2, arc.planes().size());
  stamp.lattice_error = 0.0;
  for (int band = 0; band < config_.bands; ++band) {
    prepare_psf(stamp, band);
    stamp.lattice_error = std::max(stamp.lattice_error, lattice_error(stamp, band));
    const auto b = static_cast<std::size_t>(band);
    auto& images = stamp.images[b];
    images.arc.reshape(n, n);
    images.counter_image.reshape(n, n);
    const std::array<ImageView<float>, 2> stamps{images.arc.view(),
                                                 images.counter_image.view()};
    convolver.convolve(arc.planes().first(count), *stamp.psf[b].prepared,
                       stamp.buffers->convolver, std::span(stamps).first(count),
                       &stamp.arc_fields.spectra);
    stamp.unit_arc_flux[b] = lane_sum(std::span<const float>(images.arc.pixels()));
    const double src_flux_nmgy = stamp.injection.src_flux_nmgy[b];
    scale_values(images.arc.pixels(), src_flux_nmgy);
    if (has_saddle) {
      scale_values(images.counter_image.pixels(), src_flux_nmgy);
    } else {
      images.counter_image.assign(n, n);  // not the roundings of its neighbour
    }
    if (config_.wants_arc_intrinsic) {
      images.arc_intrinsic.reshape(n, n);
      arc_before_psf(stamp.arc_planes, src_flux_nmgy, images.arc_intrinsic);
    }
  }
  if (stamp.lattice_error > config_.pixel_tolerance && stamp.status == Status::ok) {
    stamp.status = Status::not_converged;
  }
}

}  // namespace lensmill::stages
