#include "stages/survey_place.hpp"

#include "lib/imaging/host_image.hpp"

namespace lensmill::stages {

bool place_on_survey(const HostCutouts& hosts,
                     const std::vector<config::PsfSection>& psf, const PixelGrid& grid,
                     bool lens_on_host, catalogue::Injection& injection) {
  const HostPlace first = hosts.place(injection.host_index, 0);
  injection.host_ra_deg = first.ra_deg;
  injection.host_dec_deg = first.dec_deg;
  if (lens_on_host) {
    const auto offset =
        imaging::crop_offset(hosts.ny(), hosts.nx(), grid.stamp_size_pix);
    injection.lens_x_arcsec = grid.arcsec_from_pix(first.cutout_x_pix - offset.x);
    injection.lens_y_arcsec = grid.arcsec_from_pix(first.cutout_y_pix - offset.y);
  }
  bool on_all = true;
  for (std::size_t b = 0; b < psf.size(); ++b) {
    const HostPlace place = hosts.place(injection.host_index, static_cast<int>(b));
    on_all = on_all && place.on_image;
    injection.host_x_pix[b] = place.x_pix;
    injection.host_y_pix[b] = place.y_pix;
    injection.host_offset_x_pix[b] = place.cutout_x_pix - first.cutout_x_pix;
    injection.host_offset_y_pix[b] = place.cutout_y_pix - first.cutout_y_pix;
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
