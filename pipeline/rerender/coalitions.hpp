#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/analysis/counterfactual_sums.hpp"
#include "lib/measure/aperture.hpp"
#include "stages/chain.hpp"

namespace lensmill::pipeline {

/// Where core flux fractions are measured: `pixel_overlap` about the lens.
struct CoreSettings {
  std::size_t band = 0;
  std::size_t radius = 0;  ///< index into measure.aperture_radius_pix
  double radius_pix = 5.0;
  PixelGrid grid;
};

/// Renders a row's arc with every subset of the causes that can be taken away. Noise
/// plays no part: fractions are of the noise-free arc. One per rank.
class CoalitionRenderer {
 public:
  /// \param correct the run by the correct operator, `measure.aperture_mask:
  ///   pixel_overlap` about the lens
  /// \param legacy the same by `legacy_ifftshift`; null where that does not apply
  CoalitionRenderer(const stages::Chain& correct, const stages::Chain* legacy,
                    const CoreSettings& settings);

  /// Nothing where the row itself cannot be rendered. `unit` and `row` are the
  /// caller's.
  std::optional<analysis::CounterfactualRow> render(std::int64_t injection_id,
                                                    std::span<const double> given);

  /// Why the legacy operator's renders failed, of the first row in which they did; ""
  /// for none. Such a row has no value for the subsets with the operator.
  const std::string& legacy_failure() const { return legacy_failure_; }
  /// Of the row rendered last.
  std::int64_t host_index() const { return stamp_.injection.host_index; }

 private:
  /// Core flux fractions of an arc: whole, and without its counter-image.
  struct Fractions {
    double whole = measure::not_a_number;
    double without_counter_image = measure::not_a_number;
  };
  /// The stages up to the convolution, with a source of another size. \return why not
  std::string render_arc(const stages::Chain& chain, double reff_factor,
                         stages::Stamp& stamp) const;
  Fractions after_psf(const stages::Stamp& stamp) const;
  Fractions before_psf(const stages::Stamp& stamp) const;
  /// value_of(x, y): the arc's and the counter-image's flux in a pixel.
  template <class ValueOf>
  Fractions fractions(ValueOf&& value_of) const;

  const stages::Chain& correct_;
  const stages::Chain* legacy_;
  CoreSettings settings_;
  stages::Stamp stamp_;
  std::optional<stages::Stamp> changed_, legacy_stamp_;
  std::vector<double> aperture_;  ///< weight per pixel of the stamp, 0 where masked
  std::vector<double> whole_;     ///< likewise of the whole stamp
  std::string legacy_failure_;
  std::int64_t injection_id_ = 0;
  std::span<const double> given_;
};

}  // namespace lensmill::pipeline
