#include "pipeline/analyse/sections.hpp"

#include <fmt/format.h>

#include <cmath>

namespace lensmill::pipeline {

std::string AnalysisInput::label(std::size_t cell) const {
  if (cell == bootstrap.all()) return "all";
  const auto& edges = numbers.sums.bins();
  return fmt::format("[{:.4g}, {:.4g}{}", edges.lower(cell), edges.upper(cell),
                     cell + 1 == bins() ? "]" : ")");
}

std::vector<std::size_t> AnalysisInput::cells() const {
  std::vector<std::size_t> out;
  for (std::size_t bin = 0; bin < bins(); ++bin) out.push_back(bin);
  out.push_back(bootstrap.all());
  return out;
}

bool AnalysisInput::is_grid() const {
  const std::string prefix = "catalogue.grid.";
  const auto at = run.config.lower_bound(prefix);
  return at != run.config.end() && at->first.starts_with(prefix);
}

std::vector<SectionMaker> section_makers() {
  return {rows_section,        distributions_section, inner_images_section,
          core_flux_section,   attribution_section,   counterfactuals_section,
          expectation_section, paired_section,        profiles_section,
          visibility_section,  model_section,         scan_section,
          hypotheses_section};
}

std::string with_interval(const analysis::Estimate& e, int decimals) {
  if (std::isnan(e.value)) return "-";
  if (std::isnan(e.lower)) return fmt::format("{:.{}f}", e.value, decimals);
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", e.value, decimals, e.lower, decimals,
                     e.upper, decimals);
}

std::string percent(double share, int decimals) {
  return std::isnan(share) ? "-" : fmt::format("{:.{}f} %", 100.0 * share, decimals);
}

}  // namespace lensmill::pipeline
