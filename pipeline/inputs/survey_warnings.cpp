#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/psf/psfex_range.hpp"
#include "pipeline/inputs/survey_hosts.hpp"
#include "stages/config/psf_kinds.hpp"

namespace lensmill::pipeline {
namespace {

constexpr double noticed_offset_pix = 0.5;

/// Of one band, over all hosts.
struct Tally {
  std::int64_t off_image = 0;
  std::int64_t apart = 0;
  double farthest_pix = 0.0;
  std::int64_t outside_model = 0;
  std::int64_t unusable = 0;  ///< of these: too far outside
  double example_x = 0.0;
  double example_y = 0.0;
};

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
    if (!section.position_of_host || form_of(section) != config::PsfForm::model) {
      continue;
    }
    const auto* model = psf.model(
        psf.of_host.empty() ? 0 : psf.of_host[static_cast<std::size_t>(host)]);
    const bool header = section.position_offset_from_header;
    const double x = place.x_pix + (header ? place.detector_offset_x_pix
                                           : section.position_offset_pix[0]);
    const double y = place.y_pix + (header ? place.detector_offset_y_pix
                                           : section.position_offset_pix[1]);
    if (!(psf::psfex_distance(*model, x, y) > psf::psfex_fitted_distance)) continue;
    if (!section.extrapolate && psf::beyond_psfex_model(*model, x, y)) ++tally.unusable;
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
          "fitted on (e.g. ({:.1f}, {:.1f})), {} of them by more than {:g} POLSCAL: "
          "their rows get status bad_psf; a section of a CCD image needs "
          "position_offset_pix, and `extrapolate: true` says that they are meant",
          name, tally.outside_model, hosts.count(), tally.example_x, tally.example_y,
          tally.unusable, psf::psfex_usable_distance - psf::psfex_fitted_distance));
    }
  }
  return warnings;
}

}  // namespace lensmill::pipeline
