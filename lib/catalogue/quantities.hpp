#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/catalogue/injection.hpp"
#include "lib/core/random_stream.hpp"

/// \file
/// Every quantity a catalogue may contain, with unit, meaning and range, in one table:
/// it serves the priors' and files' validation, the written columns and the docs.

namespace lensmill::catalogue {

/// What values make sense. Text form: "in (0, 1]", ">= 0".
struct Range {
  double min = 0.0;
  double max = 0.0;
  bool min_open = false;  ///< the end itself is excluded
  bool max_open = false;
  bool integer = false;

  bool contains(double value) const;
  std::string text() const;
  /// "must be in (0, 1] (got 99)", and what is meant by numbers such as 99.
  std::string refusal(double value) const;
};

/// What a quantity's name ends in: nothing, a band, two bands, or a knot's number from
/// 0.
enum class Suffix { none, band, band_pair, knot };

/// Where a column lives in an Injection; monostate for an alias.
using Member =
    std::variant<std::monostate, double Injection::*, std::int64_t Injection::*,
                 PerBand<double> Injection::*, PerBand<std::int64_t> Injection::*,
                 Split Injection::*, PerKnot<double> Injection::*>;

/// What a run must have for a column to be used: `uses` (columns.hpp) asks its Needs.
enum class UsedWith {
  any_run,
  mass_from_light,  ///< theta_E from a velocity dispersion
  faber_jackson,    ///< and that from the host's luminosity
  moffat_beta,      ///< a Moffat PSF in any band
  psf_width,        ///< in the column's band, as the two below
  psf_index,
  psf_position,
  any_host,
  sersic_host,
  cutouts,
  survey_hosts,
  sky_noise,
  target_snr,
  galaxies,         ///< sources that are images of galaxies
  sersic_source,    ///< or Sersic profiles
  extended_source,  ///< either
  point_in_galaxy,  ///< a point in a Sersic profile
  knots,            ///< clumpy sources, with as many knots as the column's number says
};

/// One quantity. For the suffixes, `name` is without "_<band>" or "_<knot>".
struct Quantity {
  std::string_view name;
  std::string_view unit;
  std::string_view description;
  Range range;
  StreamTag tag{};
  Suffix suffix = Suffix::none;
  Member member;
  UsedWith used_with = UsedWith::any_run;
  bool is_column() const { return member.index() != 0; }
};

/// All quantities: columns first, in the order they are written, then aliases.
std::span<const Quantity> all_quantities();

/// A name as a user wrote it, taken apart.
struct QuantityName {
  const Quantity* quantity = nullptr;
  std::string band;        ///< first or only band, or the knot, else ""
  std::string other_band;  ///< second band of a pair, else ""
};

/// What distinguishes the columns of one quantity: the bands' names, the knots'
/// numbers, or one empty text where there is but one.
const std::vector<std::string>& labels_of(const Quantity& quantity,
                                          const BandNames& bands);

/// The quantity a name stands for, or nothing. `src_colour_g_r` is a band pair.
std::optional<QuantityName> find_quantity(std::string_view name);

/// The known name nearest to `name` by edit distance, with `bands` filled in, for "did
/// you mean"; "" if nothing is near.
std::string nearest_quantity(std::string_view name, const BandNames& bands);

}  // namespace lensmill::catalogue
