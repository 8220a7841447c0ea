#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/analysis/features.hpp"
#include "lib/analysis/variants.hpp"
#include "lib/measure/aperture.hpp"
#include "pipeline/archive/find_injection.hpp"
#include "stages/chain.hpp"

namespace lensmill::pipeline {

/// What the variants and their measuring depend on.
struct VariantSettings {
  analysis::FeatureShape shape;
  double mask_radius_pix = 5.0;  ///< k of core_mask and tanh_taper
  double core_radius_pix = 5.0;  ///< of the leakage's aperture
  std::size_t leakage_band = 0;  ///< band of the leakage's numbers
  PixelGrid grid;
  std::uint64_t seed = 0;     ///< of the run: core_dropout and shuffled_arc draw by it
  double dropout_rate = 0.5;  ///< of core_dropout
  double flux_factor = 1.0;   ///< all arcs are made that much brighter
};

/// A row's images as the run's files have them.
struct StoredPair {
  ProductImage positive;
  ProductImage negative;
  std::optional<ProductImage> arc;
};

/// One variant of one row.
struct VariantRow {
  bool valid = false;
  std::string reason;  ///< why not, if it says so
  /// Of the noise-free arc as the variant has it, in the core aperture.
  double core_flux_fraction = 0.0;
  double core_offset_nmgy_per_pix = 0.0;  ///< positive minus negative
  std::vector<float> features;            ///< of the positive, then of the negative
};

/// All variants of one row, and what is the same for all of them.
struct ProbedRow {
  std::int64_t injection_id = 0;
  std::int64_t host = 0;  ///< rows of one host have the same
  catalogue::Split split = catalogue::Split::train;
  double counter_image_snr = 0.0;  ///< of the band where it is largest; NaN as 0
  double theta_e_arcsec = 0.0;
  double arc_snr = 0.0;  ///< `arc_snr_total`
  /// Largest |stored - rendered| of a pixel over the noise's sigma; 0 if not stored.
  double stored_deviation = 0.0;
  /// Mean over pixels of ((stored - rendered) / sigma)^2 of positive minus negative,
  /// rendered as the run says and by the legacy operator; NaN if there is no such
  /// thing.
  double stored_misfit = measure::not_a_number;
  double stored_misfit_legacy = measure::not_a_number;
  std::array<VariantRow, analysis::variant_count> variants;
  VariantRow& operator[](analysis::Variant variant) {
    return variants[static_cast<std::size_t>(variant)];
  }
};

/// Renders a row again in all variants, in memory. One per rank; buffers are reused.
class VariantRenderer {
 public:
  /// \param legacy the same run with `convolve.operator: legacy_ifftshift`; null where
  ///   that does not exist, for the reason given
  VariantRenderer(const stages::Chain& chain, const stages::Chain* legacy,
                  std::string no_legacy_reason, const VariantSettings& settings);

  /// \param stored null where the run has no stamps
  void render(std::int64_t injection_id, std::span<const double> given,
              const StoredPair* stored, ProbedRow& row);

 private:
  /// Images of a pair with its noise-free arc, per band.
  struct Pair {
    PerBand<Image<float>> positive, negative, arc;
  };
  enum class CoreAperture { about_lens, historical };
  /// Changes between stages; a missing one changes nothing. A reason that is not empty
  /// ends the variant.
  struct Change {
    std::function<std::string(catalogue::Injection&)> after_sample{};
    std::function<void(stages::Stamp&)> after_lens{};
    std::function<void(stages::Stamp&)> after_convolve{};
  };
  void render_baseline(ProbedRow& row);
  void render_changed(const Change& change, VariantRow& out);
  void render_legacy(VariantRow& out);
  /// The source's flux, or the SNR it is to reach, times the settings' factor.
  void dim(catalogue::Injection& injection) const;
  void treat_images(ProbedRow& row);
  void remove_transport(VariantRow& out);
  void drop_core(VariantRow& out, catalogue::Split split);
  void shuffle_negative(VariantRow& out);
  void add_stored(const StoredPair& stored, ProbedRow& row);
  double misfit(const StoredPair& stored, const Pair& rendered) const;
  std::string run_changed(const Change& change);
  std::string arc_of_legacy(stages::Stamp& stamp);
  void copy_pair(const stages::Stamp& stamp, Pair& pair) const;
  void finish(const Pair& pair, CoreAperture core, VariantRow& out);
  void measure_core(const Pair& pair, CoreAperture core, VariantRow& out);
  const measure::ApertureWeights& core_aperture(CoreAperture core);
  void extract(const PerBand<Image<float>>& images, double x_pix, double y_pix,
               std::span<float> out);
  std::size_t bands() const;

  const stages::Chain& chain_;
  const stages::Chain* legacy_;
  std::string no_legacy_reason_;
  VariantSettings settings_;
  stages::Stamp stamp_;
  std::optional<stages::Stamp> legacy_stamp_;
  analysis::FeatureExtractor extractor_;
  Pair baseline_, changed_;
  PerBand<Image<float>> counter_image_;
  PerBand<double> baseline_flux_nmgy_{};  ///< of the source
  int oversample_ = 1;                    ///< lattice points per pixel and axis

  // Of the row in hand:
  std::int64_t injection_id_ = 0;
  std::span<const double> given_;
  PerBand<double> sigma_nmgy_{};
  double lens_x_pix_ = 0.0, lens_y_pix_ = 0.0;
  std::array<measure::ApertureWeights, 2> aperture_;  ///< about the lens; historical
  double aperture_x_pix_ = -1.0, aperture_y_pix_ = -1.0;
};

/// Where along its direction from the lens a source has left both caustics: its
/// distance becomes that of the outermost crossing plus 5 % of theta_E; one that is
/// outside already stays. \return why this cannot be, or ""
std::string move_outside_caustics(catalogue::Injection& injection);

}  // namespace lensmill::pipeline
