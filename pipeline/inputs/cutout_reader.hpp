#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/io/fits/image_hdu.hpp"
#include "pipeline/inputs/pixel_masks.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

/// \file
/// Hosts with one FITS file each (`host.cutouts.files`).

namespace lensmill::pipeline {

/// The files of all hosts, in order of host_index.
struct CutoutPaths {
  std::vector<std::string> images;
  std::vector<std::string> weights;  ///< empty: in the images' files, or none
  std::vector<std::vector<std::string>> masks;  ///< per mask; empty: likewise
};

/// An image [y, x] of an open file.
struct OpenPlane {
  io::fits::ImageHdu hdu;
  int plane = 0;
};
/// One host's files, open: an image per band of the run.
struct OpenCutout {
  std::vector<OpenPlane> images;
  std::vector<OpenPlane> weights;                                  ///< empty: none
  std::vector<std::vector<std::pair<MaskRule, OpenPlane>>> masks;  ///< [mask][band]
};
/// \throws IoError; DataError: not FITS, truncated, as find_planes, images of one host
///   that differ in shape, as MaskRule
OpenCutout open_cutout(const config::HostSection& host, const BandNames& bands,
                       const CutoutPaths& paths, std::size_t index);

/// Reads a host's files when they are asked for and keeps those of the last one open,
/// as all bands of a host are read together.
class CutoutReader final : public stages::HostCutouts {
 public:
  CutoutReader(config::HostSection host, BandNames bands, CutoutPaths paths, int ny,
               int nx);

  std::int64_t count() const override {
    return static_cast<std::int64_t>(paths_.images.size());
  }
  int ny() const override { return ny_; }
  int nx() const override { return nx_; }
  bool has_invvar() const override;
  bool has_mask() const override { return true; }
  void read(std::int64_t host_index, int band, Image<float>& nmgy,
            Image<float>& invvar) const override;
  void read_with_mask(std::int64_t host_index, int band, Image<float>& nmgy,
                      Image<float>& invvar, Image<float>& mask) const override;
  bool knows_sky() const override { return true; }
  /// At the middle of the first band's image.
  stages::North north(std::int64_t host_index) const override;

 private:
  const OpenCutout& open(std::int64_t host_index) const;

  config::HostSection host_;
  BandNames bands_;
  CutoutPaths paths_;
  int ny_;
  int nx_;
  double nmgy_per_unit_;
  mutable std::optional<OpenCutout> last_;
  mutable std::int64_t last_host_ = -1;
};

}  // namespace lensmill::pipeline
