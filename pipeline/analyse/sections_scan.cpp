#include <fmt/format.h>

#include "pipeline/analyse/sections.hpp"

namespace lensmill::pipeline {
namespace {

using namespace analysis;

constexpr std::size_t most_scan_rows = 1000;

}  // namespace

Section scan_section(const AnalysisInput& input) {
  Section section{.id = "scan", .title = "The grid, point by point", .sentences = {}};
  const Sample& all = input.numbers.sample;
  std::vector<std::size_t> columns;
  for (std::size_t k = 0; k < all.variables.size(); ++k) {
    const std::string prefix = "catalogue.grid." + all.variables[k];
    const auto at = input.run.config.lower_bound(prefix);
    if (at != input.run.config.end() && at->first.starts_with(prefix) &&
        (at->first.size() == prefix.size() || at->first[prefix.size()] == '[' ||
         at->first[prefix.size()] == '.')) {
      columns.push_back(k);
    }
  }
  if (!input.is_grid()) {
    section.sentences.push_back("The catalogue is no grid.");
    return section;
  }
  if (all.rows() > most_scan_rows || input.numbers.sample_stride > 1) {
    section.sentences.push_back(
        fmt::format("More than {} points: see the run's own columns.", most_scan_rows));
    return section;
  }
  ResultTable table{.id = "scan",
                    .title = "Core flux fraction of each row",
                    .columns = {{"row"}},
                    .rows = {}};
  for (const std::size_t k : columns) {
    table.columns.push_back(
        {all.variables[k], input.numbers.distributions[k].variable.unit, -5});
  }
  table.columns.push_back({"counter_image_radius_pix", "pix", 2});
  table.columns.push_back({"core_flux_fraction"});
  const std::size_t radius = input.reader.variable("counter_image_radius_pix");
  for (std::size_t i = 0; i < all.rows(); ++i) {
    std::vector<Cell> row{input.numbers.sample_row[i]};
    for (const std::size_t k : columns) row.emplace_back(all.row(i)[k]);
    row.insert(row.end(), {all.row(i)[radius], all.response[i]});
    table.rows.push_back(std::move(row));
  }
  section.tables.push_back(std::move(table));
  return section;
}

}  // namespace lensmill::pipeline
