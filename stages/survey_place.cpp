#include "stages/survey_place.hpp"

#include "lib/imaging/host_image.hpp"

namespace lensmill::stages {

bool place_on_survey(const HostCutouts& hosts,
                     const std::vector<config::PsfSection>& psf, const PixelGrid& grid,
                     LensPlace lens_place, catalogue::Injection& injection) {
  const imaging::Orientation orientation{
      .quarter_turns = static_cast<int>(injection.host_rotation),
      .mirrored = injection.host_flip != 0};
  // Cutouts are odd squares: turned, they are cropped where they were.
  const auto turned = [&](const HostPlace& place) {
    return imaging::oriented_point({place.cutout_x_pix, place.cutout_y_pix}, hosts.ny(),
                                   hosts.nx(), orientation);
  };
  const HostPlace first = hosts.place(injection.host_index, 0);
  const imaging::Point lens = turned(first);
  injection.host_ra_deg = first.ra_deg;
  injection.host_dec_deg = first.dec_deg;
  if (lens_place == LensPlace::host_position) {
    const auto offset =
        imaging::crop_offset(hosts.ny(), hosts.nx(), grid.stamp_size_pix);
    injection.lens_x_arcsec = grid.arcsec_from_pix(lens.x_pix - offset.x);
    injection.lens_y_arcsec = grid.arcsec_from_pix(lens.y_pix - offset.y);
  }
  bool on_all = true;
  for (std::size_t b = 0; b < psf.size(); ++b) {
    const HostPlace place = hosts.place(injection.host_index, static_cast<int>(b));
    on_all = on_all && place.on_image;
    injection.host_x_pix[b] = place.x_pix;
    injection.host_y_pix[b] = place.y_pix;
    const imaging::Point host = turned(place);
    injection.host_offset_x_pix[b] = host.x_pix - lens.x_pix;
    injection.host_offset_y_pix[b] = host.y_pix - lens.y_pix;
    const auto& section = psf[b];
    if (!section.position_of_host) continue;
    const bool header = section.position_offset_from_header;
    injection.psf_x_pix[b] = place.x_pix + (header ? place.detector_offset_x_pix
                                                   : section.position_offset_pix[0]);
    injection.psf_y_pix[b] = place.y_pix + (header ? place.detector_offset_y_pix
                                                   : section.position_offset_pix[1]);
  }
  return on_all;
}

}  // namespace lensmill::stages
