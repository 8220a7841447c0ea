#include "lib/analysis/visibility.hpp"

#include <cmath>
#include <utility>

namespace lensmill::analysis {

VisibilityCounts::VisibilityCounts(Bins theta_e_arcsec, Bins host_mag,
                                   Bins seeing_arcsec)
    : bins_{std::move(theta_e_arcsec), std::move(host_mag), std::move(seeing_arcsec)} {
  std::size_t size = 0;
  for (const auto& bins : bins_) {
    first_.push_back(size);
    size += 3 * (bins.count() + 1);
  }
  state_.resize(size);
}

void VisibilityCounts::add(const StampRow& row) {
  if (row.n_saddles < 1 || !std::isfinite(row.counter_image_snr)) return;
  const double values[]{row.theta_e_arcsec, row.host_mag, row.psf_fwhm_arcsec};
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const auto at = place(static_cast<Axis>(axis), bins_[axis].of(values[axis]));
    ++state_[at];
    state_[at + 1] += row.counter_image_snr > 3.0 ? 1 : 0;
    state_[at + 2] += row.counter_image_snr > 5.0 ? 1 : 0;
  }
}

VisibilityCounts::Count VisibilityCounts::count(Axis axis, std::size_t bin) const {
  const auto at = place(axis, bin);
  return {state_[at], state_[at + 1], state_[at + 2]};
}

VisibilityCounts::Count VisibilityCounts::total() const {
  Count all;
  for (std::size_t bin = 0; bin <= bins_[by_theta_e].count(); ++bin) {
    const Count one = count(by_theta_e, bin);
    all.rows += one.rows;
    all.above_3 += one.above_3;
    all.above_5 += one.above_5;
  }
  return all;
}

}  // namespace lensmill::analysis
