#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/analysis/features.hpp"
#include "lib/analysis/roc.hpp"
#include "lib/core/image.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {

/// The same rows with the same noise, made or treated in another way (docs/probe.md).
enum class Variant {
  baseline,           ///< as the run made them
  compact_source,     ///< R_eff a tenth
  source_outside,     ///< source moved out of the caustics, along its own direction
  no_counter_image,   ///< rendered without saddle light
  no_psf,             ///< the arc before the PSF
  legacy_psf,         ///< the arc by the historical kernel placement
  shifted_mask,       ///< core measured with the historical mask, centred on pixel N/2
  saddle_removed,     ///< the noise-free saddle light subtracted from the positive
  core_mask,          ///< pixels with r < k set to 0 in both stamps
  tanh_taper,         ///< arc and arc noise times (1 + tanh((r - k) / width)) / 2
  arc_zeroed,         ///< arc and arc noise taken away at r < k, the host kept
  transport_removed,  ///< light that the PSF brings from r >= k taken away at r < k
  core_dropout,       ///< core_mask in a share of the rows that are trained with
  shuffled_arc,       ///< negatives with the arc's pixels shuffled within their rings
  stored,             ///< the stamps as they lie in the run's files
};
inline constexpr std::array all_variants{
    Variant::baseline,         Variant::compact_source, Variant::source_outside,
    Variant::no_counter_image, Variant::no_psf,         Variant::legacy_psf,
    Variant::shifted_mask,     Variant::saddle_removed, Variant::core_mask,
    Variant::tanh_taper,       Variant::arc_zeroed,     Variant::transport_removed,
    Variant::core_dropout,     Variant::shuffled_arc,   Variant::stored};
inline constexpr std::size_t variant_count = all_variants.size();
std::string_view to_string(Variant variant);
/// One clause that says what it is, for tables.
std::string_view description_of(Variant variant);
/// Whether it enters the ranking: what a training set could be made like. The run
/// itself, its stored stamps and what only explains (no PSF, a bug, another aperture)
/// do not; nor do other negatives, whose AUC is that of another question.
constexpr bool is_ranked(Variant variant) {
  switch (variant) {
    case Variant::compact_source:
    case Variant::source_outside:
    case Variant::no_counter_image:
    case Variant::saddle_removed:
    case Variant::core_mask:
    case Variant::tanh_taper:
    case Variant::arc_zeroed:
    case Variant::transport_removed:
    case Variant::core_dropout: return true;
    default: return false;
  }
}

inline constexpr double compact_reff_factor = 0.1;
inline constexpr double taper_width_pix = 1.5;

/// (1 + tanh((r - k) / taper_width_pix)) / 2.
double taper_weight(double radius_pix, double core_radius_pix);
/// positive = negative + taper * (positive - negative): arc and arc noise fade.
void taper_arc(ImageView<const float> negative, double x_pix, double y_pix,
               double core_radius_pix, ImageView<float> positive);
/// The same weight on a noise-free arc.
void taper_image(double x_pix, double y_pix, double core_radius_pix,
                 ImageView<float> image);
/// Pixels whose centre is strictly nearer than the radius are set to 0.
void mask_core(double x_pix, double y_pix, double core_radius_pix,
               ImageView<float> image);

/// positive = negative where r is less than the radius: the host without the arc.
void zero_arc(ImageView<const float> negative, double x_pix, double y_pix,
              double core_radius_pix, ImageView<float> positive);
/// image -= light where r is less than the radius.
void subtract_in_core(ImageView<const float> light, double x_pix, double y_pix,
                      double core_radius_pix, ImageView<float> image);
/// Of each pixel another (or the same) of its ring of 1 pix about (x, y), each of them
/// once: a random permutation of every ring. \return pixel indices, [y * nx + x]
std::vector<std::size_t> shuffled_rings(int ny, int nx, double x_pix, double y_pix,
                                        RandomStream& stream);
/// image[i] += difference[order[i]]; differences that are not finite add nothing.
void add_shuffled(std::span<const float> difference, std::span<const std::size_t> order,
                  std::span<float> image);

/// What a region's AUC is by the variant's definition, whatever the data: "0.5" where
/// no pixel of the region distinguishes a pair, "the baseline's" where none is changed;
/// "" where it is a finding.
std::string_view by_construction(Variant variant, Region region, double core_radius_pix,
                                 double mask_radius_pix);

/// What the ranking needs of a variant.
struct RankedVariant {
  Variant variant = Variant::baseline;
  double core_auc = 0.5;
  Estimate annulus_change;  ///< AUC of the annulus minus the baseline's
  bool annulus_harmed = false;
  int rank = 0;  ///< from 1
};

/// An annulus is harmed when its AUC falls by more than this, and significantly.
inline constexpr double annulus_harm = 0.02;
/// A good mitigation's core AUC is below this.
inline constexpr double core_auc_target = 0.65;

/// Order by core AUC, lowest first; those that harm the annulus after all others.
void rank_variants(std::vector<RankedVariant>& variants);

}  // namespace lensmill::analysis
