#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/catalogue/injection_sampler.hpp"
#include "lib/catalogue/needs.hpp"
#include "lib/catalogue/rows.hpp"
#include "lib/core/bands.hpp"
#include "lib/core/image.hpp"
#include "lib/psf/pixel_kernel.hpp"
#include "lib/psf/psfex_model.hpp"

/// \file
/// What a run reads from files, as arrays and interfaces: the pipeline opens the files,
/// stages never do.

namespace lensmill::stages {

/// Where a host cut from a survey image is, in one band.
struct HostPlace {
  double ra_deg = 0.0;  ///< NaN where the images state no sky
  double dec_deg = 0.0;
  double x_pix = 0.0;  ///< on the band's image, from 1
  double y_pix = 0.0;
  /// What the image's header says of the image's first pixel on the detector: added to
  /// x_pix, y_pix these are detector pixels (-LTV1, -LTV2; 0 without such keywords).
  double detector_offset_x_pix = 0.0;
  double detector_offset_y_pix = 0.0;
  double cutout_x_pix = 0.0;  ///< on the band's cutout, from 0
  double cutout_y_pix = 0.0;
  bool on_image = false;
};

/// Where the sky's north is on a host's stamp.
struct North {
  double phi_rad = 0.0;  ///< from +x towards +y
  bool east_is_anticlockwise = true;
};

/// Real hosts, read cutout by cutout so that memory stays bounded.
class HostCutouts {
 public:
  virtual ~HostCutouts() = default;
  virtual std::int64_t count() const = 0;
  virtual int ny() const = 0;
  virtual int nx() const = 0;
  virtual bool has_invvar() const = 0;
  /// Pixels of one cutout in nmgy, [y, x]; and their inverse variance in nmgy^-2 when
  /// has_invvar(), else `invvar` is left alone. \throws IoError
  virtual void read(std::int64_t host_index, int band, Image<float>& nmgy,
                    Image<float>& invvar) const = 0;

  /// Whether hosts have places: those of survey images.
  virtual bool is_survey() const { return false; }
  /// Whether pixels may be masked: as config::HostSection::has_masks().
  virtual bool has_mask() const { return is_survey(); }
  /// The same as read(), and 1 in `mask` for masked pixels (outside the
  /// image, undefined, of no weight, masked by the user), 0 for the others.
  virtual void read_with_mask(std::int64_t host_index, int band, Image<float>& nmgy,
                              Image<float>& invvar, Image<float>& mask) const {
    read(host_index, band, nmgy, invvar);
    mask.assign(ny(), nx(), 0.0F);
  }
  /// Whether the hosts' images have world coordinates to tell north by.
  virtual bool knows_sky() const { return false; }
  /// North at the host, on the first band's stamp. \pre knows_sky()
  /// \throws DataError: no usable world coordinates
  virtual North north(std::int64_t /*host_index*/) const { return {}; }
  /// For is_survey() only.
  virtual HostPlace place(std::int64_t /*host_index*/, int /*band*/) const {
    return {};
  }
};

/// What the hosts are called by who gave them, one entry each: numbers where all are
/// whole numbers, else texts.
struct HostIds {
  std::vector<std::int64_t> numbers;
  std::vector<std::string> texts;
  std::size_t text_bytes = 0;  ///< of the longest
};

/// Real hosts measured once by the pipeline (imaging/host_image.hpp), [host, band]
/// row-major except the centroid, which is one per host.
struct HostMeasurements {
  std::vector<double> flux_nmgy;
  std::vector<double> background_sigma_nmgy;
  std::vector<double> centroid_x_pix;  ///< cutout coordinates, brightest band's light
  std::vector<double> centroid_y_pix;
};

/// Where a stamp lies in inverse-variance maps: pixels from (y, x) of a plane.
struct MapPlace {
  int plane = 0;
  int y = 0;
  int x = 0;
};

/// Inverse variances that the noise of synthetic hosts follows: one image [y, x] or
/// cube [plane, y, x] per band, all of one shape.
class InvvarMaps {
 public:
  virtual ~InvvarMaps() = default;
  virtual int planes() const = 0;
  virtual int ny() const = 0;
  virtual int nx() const = 0;
  /// Fill `invvar`, which has the stamp's shape, with nmgy^-2. \throws IoError
  virtual void read(int band, const MapPlace& place, Image<float>& invvar) const = 0;
};

/// Real galaxies as sources, read one by one so that memory stays bounded.
class SourceGalaxies {
 public:
  virtual ~SourceGalaxies() = default;
  /// Those that the cuts leave; src_image_index counts them.
  virtual std::int64_t count() const = 0;
  virtual double pixel_scale_arcsec(std::int64_t index) const = 0;
  /// The galaxy's number in its catalogue (IDENT).
  virtual std::int64_t id(std::int64_t index) const = 0;
  /// Pixels of one galaxy's image, [y, x], in units of its file.
  /// \throws IoError; DataError, naming file and row
  virtual void read(std::int64_t index, Image<float>& pixels) const = 0;
};

/// Source galaxies measured once by the pipeline (light/galaxy_stamp.hpp), one entry
/// each: as they are in the sky, after cleaning. NaN where a galaxy cannot be used.
struct GalaxyMeasurements {
  std::vector<double> flux;  ///< units of its file
  std::vector<double> reff_arcsec;
  std::vector<double> phi_rad;  ///< of the major axis on the image
};

/// The PSF of one band as opened: exactly one of the first three is used, by the
/// config's kind.
struct PsfInput {
  std::vector<psf::PixelKernel> kernels;  ///< pixelised: psf_index selects
  std::optional<psf::PsfexModel> psfex;
  std::vector<psf::PsfexModel> models{};  ///< psfex, of hosts: psf_index selects
  /// Which kernel or model is each host's; empty: hosts do not say.
  std::vector<std::int64_t> of_host{};
  /// psfex: where each host is on its CCD, from 1; empty: hosts do not say.
  std::vector<std::array<double, 2>> position_of_host{};

  /// The model that a row has; null where the kind has none.
  const psf::PsfexModel* model(std::int64_t psf_index) const {
    if (!models.empty()) return &models.at(static_cast<std::size_t>(psf_index));
    return psfex ? &*psfex : nullptr;
  }
};

struct Inputs {
  std::shared_ptr<const catalogue::Rows> rows;
  catalogue::Conflict conflict = catalogue::Conflict::error;
  PerBand<PsfInput> psf;
  std::shared_ptr<const HostCutouts> hosts;  ///< null unless host: cutouts, survey
  HostMeasurements host_measurements;
  std::shared_ptr<const HostIds> host_ids;         ///< null where hosts have none
  std::shared_ptr<const InvvarMaps> noise_maps;    ///< null unless noise.invvar
  std::shared_ptr<const SourceGalaxies> galaxies;  ///< null unless source: galaxies
  GalaxyMeasurements galaxy_measurements;
};

}  // namespace lensmill::stages
