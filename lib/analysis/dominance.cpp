#include "lib/analysis/dominance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

/// The largest of the causes, one of them left out.
std::size_t largest_but(std::span<const double> causes, std::size_t left_out) {
  std::size_t best = left_out == 0 ? 1 : 0;
  for (std::size_t k = 0; k < causes.size(); ++k) {
    if (k != left_out && causes[k] > causes[best]) best = k;
  }
  return best;
}

}  // namespace

std::string_view to_string(Dominance dominance) {
  switch (dominance) {
    case Dominance::leads: return "leads";
    case Dominance::tie: return "tie";
    case Dominance::not_decided: return "not decided";
    case Dominance::too_few: return "too few";
    case Dominance::no_core_flux: return "no core flux";
  }
  return "unknown";
}

Estimate lead_of(const Bootstrap& bootstrap, std::size_t cell, const CauseSums& sums,
                 std::size_t cause) {
  EXPECT(sums.causes >= 2 && cause < sums.causes);
  return bootstrap.estimate(cell, [&](std::span<const double> q) {
    const auto causes = q.subspan(sums.first, sums.causes);
    const double core = q[sums.core];
    return core > 0.0 ? (causes[cause] - causes[largest_but(causes, cause)]) / core
                      : std::numeric_limits<double>::quiet_NaN();
  });
}

Dominance dominance_of(const Estimate& lead, std::size_t groups) {
  if (std::isnan(lead.value)) return Dominance::no_core_flux;
  if (groups < least_groups || std::isnan(lead.lower)) return Dominance::too_few;
  if (lead.lower > least_lead) return Dominance::leads;
  return lead.upper < least_lead ? Dominance::tie : Dominance::not_decided;
}

Lead find_lead(const Bootstrap& bootstrap, std::size_t cell, const CauseSums& sums) {
  const auto causes = bootstrap.data(cell).subspan(sums.first, sums.causes);
  Lead found;
  found.leader =
      static_cast<std::size_t>(std::ranges::max_element(causes) - causes.begin());
  found.next = largest_but(causes, found.leader);
  found.lead = lead_of(bootstrap, cell, sums, found.leader);
  found.dominance = dominance_of(found.lead, bootstrap.groups_with(cell, sums.rows));
  return found;
}

}  // namespace lensmill::analysis
