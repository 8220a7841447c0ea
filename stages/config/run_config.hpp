#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalogue/column_mapping.hpp"
#include "lib/catalogue/injection_sampler.hpp"
#include "lib/catalogue/needs.hpp"
#include "lib/catalogue/priors.hpp"
#include "lib/catalogue/rows.hpp"
#include "lib/catalogue/table_cut.hpp"
#include "lib/core/b_spline.hpp"
#include "lib/core/bands.hpp"
#include "lib/core/image.hpp"
#include "lib/core/interval.hpp"
#include "lib/core/pixel_grid.hpp"
#include "lib/imaging/convolver.hpp"
#include "lib/light/galaxy_stamp.hpp"
#include "lib/measure/selection.hpp"
#include "lib/psf/kernel_policy.hpp"
#include "lib/psf/outer_wings.hpp"
#include "stages/config/host_files.hpp"

/// \file
/// The whole configuration as typed data: what `read_run_config` makes of the YAML, all
/// defaults filled in. One struct per section of the file, members named like the keys.

namespace lensmill::config {

struct RunSection {
  std::string name = "run";
  std::uint64_t seed = 0;
  std::string note;
  double max_failed_fraction = 0.01;
};

/// Which rows a run keeps (`catalogue.keep`); no criteria: all.
struct KeepSection {
  std::vector<measure::Criterion> criteria;
  /// The run ends without its rows when the share of kept candidates is below it.
  double min_acceptance = 0.01;
};

/// Where the catalogue's rows come from: exactly one is used.
enum class CatalogueKind { sampled, grid, sobol, file };
struct CatalogueSection {
  CatalogueKind kind = CatalogueKind::sampled;
  std::int64_t count = 0;  ///< sampled, sobol; grid: the product; file: set when opened
  KeepSection keep;        ///< sampled: `count` is of kept rows
  std::int64_t candidates = 0;    ///< with `keep`: at most so many, in whole shards
  std::string file;               ///< absolute path
  bool overrides_priors = false;  ///< file: its columns replace priors (`--catalogue`)
  catalogue::ColumnMapping mapping;       ///< file: empty where its names are ours
  std::vector<catalogue::TableCut> cuts;  ///< file
  std::vector<std::string> carry;         ///< file: columns that go into the output
  std::vector<catalogue::Axis> grid;      ///< in file order, the last axis runs fastest
  catalogue::SplitFractions split;
  std::vector<std::string> saltelli_factors;  ///< sobol: priors with a block of rows
};

/// One band's survey image (`host.survey.<band>`).
struct SurveyBand {
  std::string image;
  int hdu = -1;        ///< 0: the primary; -1: the first image
  std::string weight;  ///< "": none
  int weight_hdu = -1;
  WeightKind weight_kind = WeightKind::invvar;
  std::vector<PixelMask> masks;
  std::optional<double> zero_point_mag;  ///< of one image unit; none: nmgy
  std::optional<double> sky;             ///< stated background, image units per pixel
  /// Added to the WCS's sky positions, [ra cos dec, dec].
  std::array<double, 2> astrometric_offset_arcsec{0.0, 0.0};
};

/// How a positions file's two columns count.
enum class PositionFrame {
  sky,    ///< degrees
  pixel,  ///< pixels of the first band's image, from 1
};
struct SurveyPositions {
  std::string file;
  std::vector<std::string> columns;  ///< two names; none: as the file has them
  PositionFrame frame = PositionFrame::sky;
  std::vector<catalogue::TableCut> cuts;
};

/// Hosts cut from survey images (`host.survey`).
struct SurveySection {
  std::vector<SurveyBand> bands;  ///< as the run's bands
  SurveyPositions positions;
  double min_valid_fraction = 0.9;  ///< of a stamp's pixels, in every band
  bool sky_subtracted = false;
};

/// What is lensed: exactly one is used.
enum class SourceKind { sersic, galaxies, clumpy, point };
struct GalaxySection {
  std::string catalogue;       ///< absolute path; images lie beside it
  std::string fits_catalogue;  ///< optional: more columns for cuts
  std::vector<catalogue::TableCut> cuts;
  SplineDegree interpolation = SplineDegree::quintic;
  light::GalaxyBackground background = light::GalaxyBackground::none;
  double segment_sigma = 2.0;
  double smoothing_fwhm_arcsec = 0.0;
  bool random_flip = false;  ///< mirrored in x, or not, each as likely
  int cache_mib = 64;        ///< of ready galaxies, per rank
};
/// Quasars, supernovae: images of no extent.
struct PointSection {
  /// Images of less are not rendered: of the arc, less than core flux is known to.
  double min_magnification = 1.0e-5;
  /// A row with an image of more is too_magnified.
  double max_magnification = 1000.0;
  bool has_host = false;  ///< a Sersic profile about the point (src_* priors)
};
struct SourceSection {
  SourceKind kind = SourceKind::sersic;
  GalaxySection galaxies;
  PointSection point;
  // clumpy: knots and knot_flux_fraction are priors (RunConfig::priors).
  catalogue::KnotPriors knots;
  double knot_sersic_n = 0.5;
  int most_knots = max_knots;  ///< that the prior of src_knots gives

  catalogue::SourceParts parts() const {
    using Parts = catalogue::SourceParts;
    if (kind != SourceKind::point) return Parts::galaxy;
    return point.has_host ? Parts::point_and_galaxy : Parts::point;
  }
};

using HostKind = catalogue::HostSource;
using catalogue::HostPolicy;
enum class HostCentre { geometric, centroid };
struct HostSection {
  HostKind kind = HostKind::none;
  // sersic: the section's keys are priors host_* (RunConfig::priors).
  /// Cutouts from survey images; then the kind is cutouts and no file below is used.
  std::optional<SurveySection> survey;
  // cutouts:
  std::map<std::string, std::string> files;         ///< band -> FITS cube [n, y, x]
  std::string hdf5_file, hdf5_dataset;              ///< or one HDF5 [n, band, y, x]
  std::map<std::string, std::string> invvar_files;  ///< optional, same shapes
  std::string hdf5_invvar_dataset;
  std::string hdf5_id_dataset;  ///< optional: what the hosts are called, [n]
  std::optional<CutoutFiles> cutout_files;      ///< or one FITS file per host
  WeightKind weight_kind = WeightKind::invvar;  ///< of invvar_files and their likes
  std::vector<PixelMask> masks;
  /// `weight`, `masks` or `files` is given: pixels that tell nothing are masked. Hosts
  /// with `invvar` alone keep them.
  bool masks_pixels = false;
  double min_valid_fraction = 0.9;       ///< where pixels are masked
  std::optional<double> zero_point_mag;  ///< one of zero_point_mag | units: nmgy
  double pixel_scale_arcsec = 0.0;
  /// Radius of the circle about the host's centre whose flux is the host's magnitude
  /// (host_mag_<band>, which src_mag_minus_host_mag_<band> refers to).
  double mag_aperture_arcsec = 2.1;
  HostCentre centre = HostCentre::geometric;
  std::optional<bool> invvar_includes_source_poisson;
  /// Contradictions that are otherwise refused: of headers to what is stated here, of
  /// weights to the images' own noise (`accept_invvar_mismatch` of cutouts).
  bool accept_header_mismatch = false;
  bool accept_weight_mismatch = false;
  HostPolicy policy = HostPolicy::reuse;
  bool random_rotation = false;
  bool random_flip = false;

  bool has_masks() const { return survey.has_value() || masks_pixels; }
  /// Of a stamp's pixels, in every band, for a row not to be bad_host.
  double least_valid_fraction() const {
    if (survey) return survey->min_valid_fraction;
    return masks_pixels ? min_valid_fraction : 0.0;
  }
};

enum class PsfKind { gaussian, moffat, pixelised, psfex };
using psf::Centring;
using psf::Normalisation;
struct PsfSection {
  PsfKind kind = PsfKind::gaussian;
  // gaussian, moffat: fwhm and beta are priors psf_fwhm_{arcsec,pix}_<band> and
  // psf_moffat_beta (constants when fixed).
  double q = 1.0;
  double phi_rad = 0.0;
  std::optional<std::array<int, 2>> size_pix;  ///< [y, x]; else by enclosed_energy
  double enclosed_energy = 0.0;                ///< 0: auto, by what core flux needs
  // pixelised, psfex:
  std::string file;
  std::string dataset;  ///< HDF5
  int hdu = -1;         ///< FITS: 0 the primary; -1: the one there is for the band
  /// The band that the file states, where it is meant to serve another one ("": its
  /// own).
  std::string file_band;
  /// pixelised: the plane of a cube that is this band's, from 0; -1: the planes are a
  /// list of kernels.
  int plane = -1;
  bool plane_all_stated = false;  ///< `plane: all` was said, not assumed
  bool plane_of_host = false;     ///< `plane: host`: the planes are the hosts, in order
  std::string id_dataset;  ///< HDF5, `plane: host`: what the planes' hosts are called
  std::string ccdname;     ///< psfex: of several models in a file
  std::int64_t row = -1;   ///< psfex: row of the table, from 0; -1: not stated
  HostColumn ccdname_of_host;           ///< psfex: column that names each host's CCD
  FileList file_per_host;               ///< instead of `file`
  std::vector<std::string> band_order;  ///< of each such file's planes; empty: headers
  std::string id_card;                  ///< card of such files that names the host
  bool accept_other_ids = false;        ///< such files may name other objects
  /// Offsets of the kernel's core from its origin up to this are meant.
  std::optional<double> accept_offset_pix;
  bool includes_pixel = false;
  int samples_per_pixel = 1;
  // psfex: one of the two, or neither when the catalogue gives psf_{x,y}_pix_<band>.
  std::optional<std::array<double, 2>> ccd_position;  ///< fixed [x, y], 1-based pixels
  bool position_uniform_ccd = false;  ///< uniform over the model's range
  bool position_of_host = false;      ///< where the row's host is on the band's image
  std::array<HostColumn, 2> position_columns;  ///< x, y of each host by a table
  /// Host positions: added to the image's pixel to give the model's coordinates; or
  /// taken from the image's header (LTV1, LTV2).
  std::array<double, 2> position_offset_pix{0.0, 0.0};
  bool position_offset_from_header = false;
  bool extrapolate = false;  ///< psfex: positions outside its range are meant
  std::optional<psf::OuterWings> outer_wings;  ///< psfex
  Normalisation normalisation = Normalisation::unit;
  Centring centring = Centring::keep;

  /// Whether each host has a kernel or a model of its own.
  bool per_host() const {
    return file_per_host.given() || plane_of_host || !ccdname_of_host.column.empty();
  }
};

struct RenderSection {
  double pixel_tolerance = 1.0e-3;
  double core_tolerance = 1.0e-3;
  std::optional<int> margin_pix;  ///< none: auto
  int supersample = 0;            ///< 0: adaptive; N: fixed N x N
};

using ConvolveOperator = imaging::ConvolutionOperator;
struct ConvolveSection {
  ConvolveOperator op = ConvolveOperator::fft;
  int oversample = 0;  ///< 0: auto
  bool allow_double_pixel = false;
};

/// `format` of a file of `lensmill noise-model`.
inline constexpr std::string_view noise_model_format = "lensmill noise model 1";
/// Correlations of one band's noise, as `lensmill noise-model` measures them.
struct NoiseCorrelation {
  Image<double> lags;  ///< imaging/noise_spectrum.hpp
  /// Measured variance over what inverse-variance maps say: resampling makes it less.
  double variance_times_invvar = 1.0;
  std::string file;  ///< absolute path; "" when given inline
};
struct NoiseSection {
  bool enabled = false;                       ///< `noise: none` -> false
  PerBand<double> gain_e_per_nmgy{};          ///< sky_sigma_nmgy comes from the priors
  std::vector<NoiseCorrelation> correlation;  ///< one per band; empty: white noise
  std::map<std::string, std::string> invvar_files;  ///< band -> FITS; or sky_sigma_nmgy

  bool correlated() const { return !correlation.empty(); }
};

enum class ApertureMask { pixel_overlap, circle, pixel_centre };
struct MeasureSection {
  std::vector<double> aperture_radius_pix{3.0, 5.0};
  ApertureMask aperture_mask = ApertureMask::pixel_overlap;
  std::optional<std::array<double, 2>> aperture_centre_pix;  ///< [x, y]; none = lens
  Interval annulus_pix{20.0, 28.0};
};

/// More than any file system takes in one folder; `rows_per_shard` keeps below it.
inline constexpr std::int64_t most_shards = 1'000'000;
/// The problem of so many rows in such shards, for `output.rows_per_shard`; "" for
/// none.
std::string shards_problem(std::int64_t rows, std::int64_t rows_per_shard);

enum class Encoding { float32, int16 };
enum class WorkDistribution { dynamic, fixed };
struct OutputSection {
  std::string directory;  ///< absolute; from --output or runs/NAME
  std::vector<std::string> products{"positive", "negative", "arc"};
  std::int64_t rows_per_shard = 4096;
  Encoding encoding = Encoding::float32;
  int writer_groups = 0;  ///< 0: one per node
  WorkDistribution work_distribution = WorkDistribution::dynamic;
};

struct RunConfig {
  RunSection run;
  PixelGrid grid;
  BandNames bands;
  CatalogueSection catalogue;
  catalogue::Cosmology cosmology;
  catalogue::Priors priors;
  SourceSection source;
  HostSection host;
  std::vector<PsfSection> psf;  ///< one per band
  bool accept_failed_self_test = false;
  RenderSection render;
  ConvolveSection convolve;
  NoiseSection noise;
  MeasureSection measure;
  OutputSection output;

  std::vector<std::string> warnings;     ///< for the user, one sentence each
  std::string source_path;               ///< the YAML file as given
  std::vector<std::string> table_files;  ///< CSV files that priors were made of
  std::string resolved_yaml;  ///< all defaults filled in; what run.yaml contains

  int band_count() const { return static_cast<int>(bands.size()); }
  /// Whether noise.sky_sigma_nmgy is used: not with real hosts, nor with noise.invvar.
  bool needs_sky_sigma() const {
    return noise.enabled && host.kind != HostKind::cutouts &&
           noise.invvar_files.empty();
  }
};

/// At most so many candidates are tried for `count` kept rows: whole shards, so that no
/// shard changes when the count grows (`--extend`).
std::int64_t most_candidates(std::int64_t count, double min_acceptance,
                             std::int64_t rows_per_shard);

/// The columns of /measurements.
measure::MeasurementSchema schema_of(const RunConfig& config);

}  // namespace lensmill::config
