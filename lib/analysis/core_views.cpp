#include "lib/analysis/core_views.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

// Of a view: rows, core flux, the causes of both accounts.
constexpr std::size_t v_rows = 0, v_core = 1, v_split = 2,
                      v_net = v_split + split_causes,
                      view_quantities = v_net + image_classes;

bool is_fraction(double value) { return std::abs(value) <= largest_fraction; }

bool is_defined(const CoreSplit& core) {
  return is_fraction(core.core) && std::ranges::all_of(core.intrinsic, is_fraction) &&
         std::ranges::all_of(core.psf, is_fraction);
}

}  // namespace

std::string_view to_string(Weighting weighting) {
  return weighting == Weighting::rows ? "rows" : "arc_flux";
}

std::string_view to_string(Account account) {
  return account == Account::split ? "split" : "net_kind";
}

std::span<const std::string_view> causes_of(Account account) {
  const std::span all(split_cause_names);
  return account == Account::split ? all : all.first(image_classes);
}

CoreViews::CoreViews(Bins bins, std::size_t bands, std::size_t radii,
                     std::size_t groups)
    : bins_(std::move(bins)),
      bands_(bands),
      radii_(radii),
      sums_(bins_.count() + 1, bands * radii * weightings.size() * view_quantities,
            groups) {}

CoreViews::View CoreViews::view(std::size_t band, std::size_t radius,
                                Weighting weighting) const {
  EXPECT(band < bands_ && radius < radii_);
  const std::size_t first = ((band * radii_ + radius) * weightings.size() +
                             static_cast<std::size_t>(weighting)) *
                            view_quantities;
  return {.rows = first + v_rows,
          .split = {.first = first + v_split,
                    .causes = split_causes,
                    .core = first + v_core,
                    .rows = first + v_rows},
          .net_kind = {.first = first + v_net,
                       .causes = image_classes,
                       .core = first + v_core,
                       .rows = first + v_rows}};
}

void CoreViews::add(const StampRow& row) {
  const std::size_t cell = bins_.of(row.theta_e_arcsec);
  const std::size_t group = sums_.group_of(row.unit);
  sums_.count_row(group);
  EXPECT(row.cores.size() == bands_ * radii_);
  for (std::size_t band = 0; band < bands_; ++band) {
    for (std::size_t radius = 0; radius < radii_; ++radius) {
      const CoreSplit& core = row.cores[band * radii_ + radius];
      if (!is_defined(core)) continue;
      for (const Weighting weighting : weightings) {
        const double weight =
            weighting == Weighting::rows ? 1.0 : row.arc_flux_by_band[band];
        if (!(weight > 0.0 && weight <= largest_flux)) continue;
        const View at = view(band, radius, weighting);
        const auto put = [&](std::size_t quantity, double value) {
          sums_.add(cell, group, quantity, value);
        };
        put(at.rows, 1.0);
        put(at.split.core, weight * core.core);
        const auto moved = core.psf[counter] + core.psf[outer] + core.psf[central];
        for (std::size_t k = 0; k < image_classes; ++k) {
          put(at.split.first + k, weight * core.intrinsic[k]);
          put(at.net_kind.first + k, weight * (core.intrinsic[k] + core.psf[k]));
        }
        put(at.split.first + psf_transport, weight * moved);
      }
    }
  }
}

}  // namespace lensmill::analysis
