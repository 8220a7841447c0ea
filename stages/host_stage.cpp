#include "stages/host_stage.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/imaging/host_image.hpp"
#include "lib/light/sersic.hpp"
#include "stages/buffers.hpp"

namespace lensmill::stages {
namespace {

using config::HostKind;

}  // namespace

HostStage::HostStage(Config config) : config_(std::move(config)) {
  if (config_.kind == HostKind::sersic) {
    EXPECT(config_.margins != nullptr);
  }
  if (config_.kind == HostKind::cutouts && !config_.inputs->hosts) {
    throw ConfigError("host.cutouts: no host file was opened");
  }
}

std::vector<Plane> HostStage::needs() const {
  if (config_.kind == HostKind::sersic) {
    return {Plane::injection, Plane::arc_planes, Plane::psf};
  }
  return {Plane::injection};
}

std::vector<Plane> HostStage::gives() const {
  std::vector<Plane> planes{Plane::host, Plane::mask};
  if (config_.kind != HostKind::cutouts) return planes;
  planes.push_back(Plane::host_variance);
  if (config_.correlated) planes.push_back(Plane::sky_variance);
  return planes;
}

void HostStage::apply(Stamp& stamp, const InjectionStreams&) const {
  for (auto& images : stamp.images) images.any_masked = false;
  switch (config_.kind) {
    case HostKind::none:
      for (int band = 0; band < config_.bands; ++band) {
        stamp.images[static_cast<std::size_t>(band)].host.assign(
            config_.stamp_size_pix, config_.stamp_size_pix, 0.0F);
      }
      break;
    case HostKind::sersic: render_sersic(stamp); break;
    case HostKind::cutouts: read_cutouts(stamp); break;
  }
}

void HostStage::render_sersic(Stamp& stamp) const {
  const auto& injection = stamp.injection;
  // The host's own light, centred on the lens.
  const light::Sersic light({.reff_arcsec = injection.host_reff_arcsec,
                             .sersic_n = injection.host_sersic_n,
                             .q = injection.host_q,
                             .phi_rad = injection.host_phi_rad});
  const imaging::LensedSource object{.lens = &no_lens_,
                                     .source = &light,
                                     .lens_x_arcsec = injection.lens_x_arcsec,
                                     .lens_y_arcsec = injection.lens_y_arcsec};
  const MarginLevel& level = config_.margins->of(stamp.arc_planes);
  const PixelGrid& grid = level.renderer->config().grid;
  auto& buffers = *stamp.buffers;
  level.renderer->render(object, grid.pix_from_arcsec(injection.lens_x_arcsec),
                         grid.pix_from_arcsec(injection.lens_y_arcsec),
                         *buffers.renderer, buffers.host_planes);
  const auto& plane = buffers.host_planes.lattice[lens::ImageKind::minimum];
  for (int band = 0; band < config_.bands; ++band) {
    const auto b = static_cast<std::size_t>(band);
    auto& host = stamp.images[b].host;
    host.assign(config_.stamp_size_pix, config_.stamp_size_pix);
    const std::array<ImageView<const double>, 1> planes{plane.view()};
    const std::array<ImageView<float>, 1> stamps{host.view()};
    level.convolver->convolve(planes, *stamp.psf[b].prepared, buffers.convolver,
                              stamps);
    for (float& value : host.pixels()) {
      value = static_cast<float>(injection.host_flux_nmgy[b] * double{value});
    }
  }
}

void HostStage::read_pixels(Stamp& stamp, int band) const {
  const auto& injection = stamp.injection;
  const HostCutouts& hosts = *config_.inputs->hosts;
  const imaging::Orientation orientation{
      .quarter_turns = static_cast<int>(injection.host_rotation),
      .mirrored = injection.host_flip != 0};
  auto& buffers = *stamp.buffers;
  auto& images = stamp.images[static_cast<std::size_t>(band)];
  const int n = config_.stamp_size_pix;
  if (hosts.has_mask()) {
    hosts.read_with_mask(injection.host_index, band, buffers.cutout, buffers.invvar,
                         buffers.cutout_mask);
  } else {
    hosts.read(injection.host_index, band, buffers.cutout, buffers.invvar);
  }
  imaging::orient(buffers.cutout, orientation, buffers.oriented);
  const auto offset =
      imaging::crop_offset(buffers.oriented.ny(), buffers.oriented.nx(), n);
  images.host.assign(n, n);
  imaging::crop(buffers.oriented, offset, images.host);
  if (hosts.has_invvar()) {
    images.host_variance.assign(n, n);
    imaging::orient(buffers.invvar, orientation, buffers.oriented_invvar);
    imaging::crop(buffers.oriented_invvar, offset, images.host_variance);
  }
  if (!hosts.has_mask()) return;
  imaging::orient(buffers.cutout_mask, orientation, buffers.oriented);
  images.mask.assign(n, n);
  imaging::crop(buffers.oriented, offset, images.mask);
}

void HostStage::fill_variance(Stamp& stamp, std::size_t b) const {
  constexpr auto nan = std::numeric_limits<float>::quiet_NaN();
  auto& images = stamp.images[b];
  const int n = config_.stamp_size_pix;
  if (config_.inputs->hosts->has_invvar()) {
    for (float& value : images.host_variance.pixels()) {
      value = value > 0.0F && std::isfinite(value) ? 1.0F / value : nan;
    }
    // Weights that say nothing of any pixel: the host cannot give a variance.
    const auto known = [](float v) { return !std::isnan(v); };
    if (!std::ranges::any_of(images.host_variance.pixels(), known)) {
      stamp.status = Status::bad_host;
    }
  } else {
    const auto slot = static_cast<std::size_t>(stamp.injection.host_index) *
                          static_cast<std::size_t>(config_.bands) +
                      b;
    const double sigma = config_.inputs->host_measurements.background_sigma_nmgy[slot];
    // A pixel outside the crop is not finite: there is no variance to measure with.
    if (std::isnan(sigma)) stamp.status = Status::bad_host;
    images.host_variance.assign(n, n, static_cast<float>(sigma * sigma));
  }
  // No variance, no information: SNRs leave these pixels out.
  for (std::size_t k = 0; k < images.mask.size(); ++k) {
    if (images.mask.pixels()[k] != 0.0F) images.host_variance.pixels()[k] = nan;
  }
  if (config_.correlated) {
    images.sky_variance = images.host_variance;
    if (config_.inputs->hosts->has_invvar()) {
      const auto factor = static_cast<float>(config_.variance_times_invvar[b]);
      for (float& value : images.sky_variance.pixels()) value *= factor;
    }
  }
  const double gain = config_.gain_e_per_nmgy[b];
  if (!config_.variance_includes_source_poisson && gain > 0.0) {
    for (std::size_t k = 0; k < images.host.size(); ++k) {
      images.host_variance.pixels()[k] +=
          static_cast<float>(std::max(0.0, double{images.host.pixels()[k]}) / gain);
    }
  }
}

void HostStage::read_cutouts(Stamp& stamp) const {
  for (int band = 0; band < config_.bands; ++band) {
    const auto b = static_cast<std::size_t>(band);
    read_pixels(stamp, band);
    auto& images = stamp.images[b];
    const auto host = images.host.pixels();
    const auto mask = images.mask.pixels();
    std::size_t masked = 0;
    auto least = std::numeric_limits<float>::infinity();
    auto most = -least;
    for (std::size_t k = 0; k < host.size(); ++k) {
      const bool hidden = !mask.empty() && mask[k] != 0.0F;
      if (hidden) {
        ++masked;
        continue;
      }
      if (!std::isfinite(host[k])) stamp.status = Status::bad_host;
      least = std::min(least, host[k]);
      most = std::max(most, host[k]);
    }
    // One value everywhere, as where an image was padded: there is no host.
    if (!(least < most)) stamp.status = Status::bad_host;
    images.any_masked = masked > 0;
    const double valid_fraction =
        1.0 - static_cast<double>(masked) / static_cast<double>(host.size());
    if (valid_fraction < config_.min_valid_fraction) stamp.status = Status::bad_host;
    fill_variance(stamp, b);
  }
}

}  // namespace lensmill::stages
