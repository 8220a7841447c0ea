#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/bands.hpp"

namespace lensmill::catalogue {

/// Where a run's hosts come from.
enum class HostSource { none, sersic, cutouts };

/// Whether a cutout may serve several rows.
enum class HostPolicy {
  once,  ///< each at most once: a permutation keyed by the run seed
  reuse,
};

/// What a band's PSF takes from the row.
enum class PsfNeed {
  nothing,        ///< one fixed kernel
  fwhm,           ///< Gaussian: psf_fwhm_pix
  fwhm_and_beta,  ///< Moffat: psf_fwhm_pix and psf_moffat_beta
  index,          ///< kernel of a list: psf_index
  ccd_position,   ///< PSFEx: psf_x_pix, psf_y_pix
  host_position,  ///< the same, but set from where the row's host is
};

/// Where a run's Einstein radii come from.
enum class LensMass {
  theta_e,              ///< theta_e_arcsec is given
  velocity_dispersion,  ///< from lens_sigma_v_km_s and the redshifts
  faber_jackson,        ///< likewise, and that from host_absolute_mag
};

/// What a run's sources are made of.
enum class SourceParts {
  galaxy,            ///< anything that has an extent
  point,             ///< a point alone
  point_and_galaxy,  ///< a point in a galaxy
};

/// What a run takes from its catalogue: decides which quantities must be given and
/// which columns are written.
struct Needs {
  BandNames bands;
  double pixel_scale_arcsec = 0.262;
  HostSource host = HostSource::none;
  /// Cutouts in the file of hosts; 0: not known yet, or no cutouts.
  std::int64_t host_count = 0;
  /// Real-galaxy sources in the list; 0: Sersic sources.
  std::int64_t source_image_count = 0;
  SourceParts source_parts = SourceParts::galaxy;
  /// Most knots a source of this run may have; 0: no clumpy sources.
  int knot_count = 0;
  PerBand<PsfNeed> psf{};
  PerBand<std::int64_t> psf_count{};  ///< kernels or models in the list
  PerBand<bool> psf_of_host{};  ///< each host has one of them: psf_index says which
  bool sky_noise = true;
  /// Follows from what is given: see InjectionSampler::lens_mass().
  LensMass lens_mass = LensMass::theta_e;
  /// Whether hosts are cut from survey images: columns say where they are.
  bool survey_hosts = false;

  int band_count() const { return static_cast<int>(bands.size()); }
};

/// A quantity that every host brings along.
struct HostQuantity {
  std::string name;            ///< with its band: "psf_index_r"
  std::string where;           ///< for messages: "psf.r.file_per_host"
  std::vector<double> values;  ///< one per host
};

/// The real hosts of a run, as the pipeline measured them.
struct HostTable {
  std::int64_t count = 0;
  HostPolicy policy = HostPolicy::reuse;
  bool random_rotation = false;  ///< quarter turns
  bool random_flip = false;
  /// Total flux of each cutout, [host, band] row-major, nmgy; empty when nothing of the
  /// run asks for it. NaN or <= 0 where it could not be measured.
  std::vector<double> flux_nmgy{};
  /// What else comes with a host. Rows may repeat it, not contradict it.
  std::vector<HostQuantity> quantities{};
};

/// The real galaxies that serve as sources, as the pipeline measured them.
struct SourceTable {
  /// Circularised half-light radius of each as it is in the sky, arcsec; NaN where it
  /// could not be measured. Empty when there are none.
  std::vector<double> reff_arcsec{};
  bool random_flip = false;
};

}  // namespace lensmill::catalogue
