#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pipeline/inputs/survey_hosts.hpp"

namespace lensmill::pipeline {
namespace {

constexpr double noticed_offset_pix = 0.5;
// A model's own stars lie within +-0.5 of its scaled coordinates; a little beyond them
// a polynomial still means something.
constexpr double fitted_range = 0.6;

/// Of one band, over all hosts.
struct Tally {
  std::int64_t off_image = 0;
  std::int64_t apart = 0;
  double farthest_pix = 0.0;
  std::int64_t outside_model = 0;
  double example_x = 0.0;
  double example_y = 0.0;
};

bool outside(const psf::PsfexModel& model, double x, double y) {
  for (std::size_t k = 0; k < model.polynomial_name.size(); ++k) {
    const double value = model.polynomial_name[k].starts_with('X') ? x : y;
    const double scaled =
        (value - model.polynomial_zero[k]) / model.polynomial_scale[k];
    if (std::abs(scaled) > fitted_range) return true;
  }
  return false;
}

Tally tally_of(const stages::HostCutouts& hosts, const config::RunConfig& config,
               const stages::PsfInput& psf, std::size_t band) {
  Tally tally;
  const auto& section = config.psf[band];
  for (std::int64_t host = 0; host < hosts.count(); ++host) {
    const auto place = hosts.place(host, static_cast<int>(band));
    if (!place.on_image) {
      ++tally.off_image;
      continue;
    }
    const auto first = hosts.place(host, 0);
    const double offset_pix = std::hypot(place.cutout_x_pix - first.cutout_x_pix,
                                         place.cutout_y_pix - first.cutout_y_pix);
    tally.farthest_pix = std::max(tally.farthest_pix, offset_pix);
    if (offset_pix > noticed_offset_pix) ++tally.apart;
    if (!section.position_of_host || !psf.psfex) continue;
    const bool header = section.position_offset_from_header;
    const double x = place.x_pix + (header ? place.detector_offset_x_pix
                                           : section.position_offset_pix[0]);
    const double y = place.y_pix + (header ? place.detector_offset_y_pix
                                           : section.position_offset_pix[1]);
    if (!outside(*psf.psfex, x, y)) continue;
    if (tally.outside_model++ == 0) {
      tally.example_x = x;
      tally.example_y = y;
    }
  }
  return tally;
}

}  // namespace

std::vector<std::string> survey_warnings(const stages::HostCutouts& hosts,
                                         const config::RunConfig& config,
                                         const PerBand<stages::PsfInput>& psf) {
  std::vector<std::string> warnings;
  for (std::size_t band = 0; band < config.bands.size(); ++band) {
    const Tally tally = tally_of(hosts, config, psf[band], band);
    const auto& name = config.bands[band];
    if (tally.off_image > 0) {
      warnings.push_back(fmt::format(
          "host.survey: band {}: {} of {} positions are not on the image; their rows "
          "get status bad_host",
          name, tally.off_image, hosts.count()));
    }
    if (tally.apart > 0) {
      warnings.push_back(fmt::format(
          "host.survey: band {}: {} of {} hosts lie more than {} pix from the lens (up "
          "to {:.2f}; nothing is resampled); see host_offset_x_pix_{}, "
          "host_offset_y_pix_{}",
          name, tally.apart, hosts.count(), noticed_offset_pix, tally.farthest_pix,
          name, name));
    }
    if (tally.outside_model > 0) {
      warnings.push_back(fmt::format(
          "psf.{}.position: {} of {} hosts lie outside the area that the model was "
          "fitted on (e.g. ({:.1f}, {:.1f})); a section of a CCD image needs "
          "position_offset_pix",
          name, tally.outside_model, hosts.count(), tally.example_x, tally.example_y));
    }
  }
  return warnings;
}

}  // namespace lensmill::pipeline
