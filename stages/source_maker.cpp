#include "stages/source_maker.hpp"

#include <fmt/format.h>

#include <array>

#include "lib/core/errors.hpp"

namespace lensmill::stages {
namespace {

constexpr std::size_t bytes_per_mib = 1024 * 1024;

light::SersicParams body_of(const catalogue::Injection& injection) {
  return {.reff_arcsec = injection.src_reff_arcsec,
          .sersic_n = injection.src_sersic_n,
          .q = injection.src_q,
          .phi_rad = injection.src_phi_rad};
}

light::ClumpySersic clumpy_of(const catalogue::Injection& injection,
                              double knot_sersic_n) {
  std::array<light::Knot, max_knots> knots;
  const auto count = static_cast<std::size_t>(injection.src_knots);
  for (std::size_t k = 0; k < count; ++k) {
    knots[k] = {.x_arcsec = injection.src_knot_x_arcsec[k],
                .y_arcsec = injection.src_knot_y_arcsec[k],
                .reff_arcsec = injection.src_knot_reff_arcsec[k],
                .flux_fraction = injection.src_knot_flux_fraction *
                                 injection.src_knot_flux_share[k]};
  }
  return {body_of(injection), {knots.data(), count}, knot_sersic_n};
}

}  // namespace

light::GalaxyCleaning cleaning_of(const config::GalaxySection& section,
                                  double pixel_scale_arcsec) {
  return {.background = section.background,
          .segment_sigma = section.segment_sigma,
          .smoothing_fwhm_pix = section.smoothing_fwhm_arcsec / pixel_scale_arcsec};
}

SourceMaker::SourceMaker(config::SourceSection section,
                         std::shared_ptr<const Inputs> inputs)
    : section_(std::move(section)), inputs_(std::move(inputs)) {
  if (section_.kind == config::SourceKind::galaxies &&
      (!inputs_ || !inputs_->galaxies)) {
    throw ConfigError("source.galaxies: no galaxy catalogue was opened");
  }
}

const light::Brightness& SourceMaker::make(const catalogue::Injection& injection,
                                           SourceBuffers& buffers) const {
  auto& source = buffers.source;
  switch (section_.kind) {
    case config::SourceKind::sersic: break;
    case config::SourceKind::point: break;  // its host galaxy
    case config::SourceKind::clumpy:
      return source.emplace<light::ClumpySersic>(
          clumpy_of(injection, section_.knot_sersic_n));
    case config::SourceKind::galaxies:
      return source.emplace<light::GalaxyImage>(galaxy_of(injection, buffers));
  }
  return source.emplace<light::Sersic>(body_of(injection));
}

light::GalaxyImage SourceMaker::galaxy_of(const catalogue::Injection& injection,
                                          SourceBuffers& buffers) const {
  const auto& section = section_.galaxies;
  const SourceGalaxies& galaxies = *inputs_->galaxies;
  const std::int64_t index = injection.src_image_index;
  const auto make = [&] {
    galaxies.read(index, buffers.image);
    const auto clean = light::clean_galaxy(
        buffers.image.view(), cleaning_of(section, galaxies.pixel_scale_arcsec(index)));
    if (!clean.usable()) {
      throw DataError(
          fmt::format("source galaxy {}: {} (not so when the run started: its file was "
                      "changed)",
                      index, clean.problem));
    }
    return std::make_shared<const light::GalaxyTemplate>(clean, section.interpolation);
  };
  auto galaxy = buffers.galaxies.get(
      index, static_cast<std::size_t>(section.cache_mib) * bytes_per_mib, make);
  return {std::move(galaxy), injection.src_reff_arcsec, injection.src_phi_rad,
          injection.src_image_flip != 0 ? light::Mirrored::in_x : light::Mirrored::no};
}

}  // namespace lensmill::stages
