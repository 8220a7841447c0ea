#include "pipeline/recover/usual_bins.hpp"

#include <array>
#include <utility>

#include "lib/analysis/leakage_sums.hpp"

namespace lensmill::pipeline {
namespace {

using Edges = std::vector<double>;

struct Usual {
  const char* column;
  bool per_band;
  Edges edges;
};

/// The same for all fields, so that they can be compared and added up.
const std::array<Usual, 4>& usual_columns() {
  static const std::array<Usual, 4> columns{
      Usual{"theta_e_arcsec", false, {0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0}},
      Usual{"arc_snr", true, {0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0, 1000.0}},
      Usual{"core_flux_fraction", true, {0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0}},
      Usual{"psf_fwhm_arcsec", true, {0.5, 0.7, 0.9, 1.1, 1.3, 1.5, 1.7, 2.0, 2.5}}};
  return columns;
}

std::vector<recovery::Trial> trials_by(const RecoverResult& result,
                                       const std::string& column) {
  const auto values = result.truth.column(column);
  std::vector<recovery::Trial> trials;
  for (std::size_t row = 0; row < values.size(); ++row) {
    const auto& injection = result.injections[row];
    if (injection.state != InjectionState::counted) continue;
    trials.push_back(
        {.variable = values[row],
         .recovered = injection.match.outcome == recovery::Outcome::matched,
         .by_chance = injection.by_chance});
  }
  return trials;
}

}  // namespace

void add_completeness(RecoverResult& result) {
  const auto& truth = result.truth;
  auto stated = result.request.bins;
  std::vector<std::pair<std::string, Edges>> columns;
  const auto add = [&](const std::string& name, const Edges& edges) {
    const auto elements = truth.elements_of(name);
    if (elements.empty()) result.without_column.push_back(name);
    for (const auto& element : elements) {
      const auto at = stated.find(element);
      columns.emplace_back(element, at == stated.end() ? edges : at->second);
      if (at != stated.end()) stated.erase(at);
    }
  };
  for (const auto& usual : usual_columns()) {
    if (!usual.per_band) {
      add(usual.column, usual.edges);
      continue;
    }
    for (const auto& band : truth.bands) {
      add(std::string(usual.column) + "_" + band, usual.edges);
    }
    // Of all bands together; a field of one band has none, which is no lack.
    if (const auto total = std::string(usual.column) + "_total";
        !truth.elements_of(total).empty()) {
      add(total, usual.edges);
    }
  }
  for (const auto& [column, edges] : stated) columns.emplace_back(column, edges);
  for (const auto& [column, edges] : columns) {
    const auto trials = trials_by(result, column);
    result.completeness.push_back(
        {.column = column,
         .unit = truth.unit_of(column),
         .table = recovery::completeness_by(analysis::Bins(edges), trials)});
    if (column.starts_with("arc_snr_")) {
      result.fits.emplace_back(column, recovery::fit_completeness(trials));
    }
  }
}

}  // namespace lensmill::pipeline
