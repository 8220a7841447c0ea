#pragma once

#include <string>
#include <vector>

#include "pipeline/analyse/counterfactuals.hpp"
#include "pipeline/analyse/report.hpp"
#include "pipeline/analyse/run_numbers.hpp"

namespace lensmill::pipeline {

/// What every section is made from. All of it is the same on every rank.
struct AnalysisInput {
  const RunOnDisk& run;
  const RowReader& reader;
  const AnalysisOptions& options;
  const RunNumbers& numbers;
  const analysis::Bootstrap& bootstrap;
  const analysis::Bootstrap& views_bootstrap;  ///< of numbers.views
  bool legacy_operator = false;
  /// Where rows were rendered in all combinations of causes: null otherwise. The
  /// bootstrap has the cells of `bootstrap`.
  const CounterfactualNumbers* counterfactuals = nullptr;
  const analysis::Bootstrap* counterfactual_bootstrap = nullptr;

  std::size_t bins() const { return numbers.sums.bins().count(); }
  /// "[0.50, 0.75)" of a bin, "all" of the bootstrap's last cell.
  std::string label(std::size_t cell) const;
  /// Cells to report: the bins and all. The bootstrap's cell bins() contains the rows
  /// outside the bins and is only in "all".
  std::vector<std::size_t> cells() const;
  /// Whether the rows are a design, not a population.
  bool is_grid() const;
};

using SectionMaker = Section (*)(const AnalysisInput&);

/// \name The sections, in the order of the report
///@{
Section rows_section(const AnalysisInput& input);
Section distributions_section(const AnalysisInput& input);
Section inner_images_section(const AnalysisInput& input);
Section core_flux_section(const AnalysisInput& input);
Section attribution_section(const AnalysisInput& input);
Section counterfactuals_section(const AnalysisInput& input);
Section expectation_section(const AnalysisInput& input);
Section paired_section(const AnalysisInput& input);
Section profiles_section(const AnalysisInput& input);
Section visibility_section(const AnalysisInput& input);
Section model_section(const AnalysisInput& input);
Section scan_section(const AnalysisInput& input);
Section hypotheses_section(const AnalysisInput& input);
///@}
std::vector<SectionMaker> section_makers();

/// "0.216 [0.212, 0.220]"
std::string with_interval(const analysis::Estimate& estimate, int decimals = 3);
/// "21.6 %"
std::string percent(double share, int decimals = 1);

}  // namespace lensmill::pipeline
