#include "stages/config/read_joint_tables.hpp"

#include <fmt/format.h>

#include <cmath>

#include "lib/catalogue/mapped_source.hpp"
#include "lib/catalogue/quantities.hpp"
#include "lib/catalogue/selected_source.hpp"
#include "lib/core/errors.hpp"
#include "stages/config/read_csv.hpp"
#include "stages/config/read_mapping.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

using catalogue::ColumnSource;

constexpr std::size_t most_shown = 10;

/// Values that are none of their quantity's, row by row.
void check_values(const Section& section, const ColumnSource& source,
                  const catalogue::JointTable& table) {
  const auto columns = table.quantities.size();
  std::size_t found = 0;
  for (std::size_t k = 0; k < table.values.size(); ++k) {
    const auto& name = table.quantities[k % columns];
    const auto quantity = catalogue::find_quantity(name);
    const double value = table.values[k];
    if (!quantity || quantity->quantity->range.contains(value)) continue;
    if (++found > most_shown) continue;
    section.problem(
        "file", fmt::format("{} {}: {}{} {}", source.path(),
                            source.where(static_cast<std::int64_t>(k / columns)), name,
                            source.origin(name),
                            std::isfinite(value)
                                ? quantity->quantity->range.refusal(value)
                                : fmt::format("must be finite (got {})", value)));
  }
  if (found > most_shown) {
    section.problem("file",
                    fmt::format("... and {} more such values", found - most_shown));
  }
}

std::unique_ptr<const ColumnSource> selected(
    const Section& section, std::unique_ptr<const ColumnSource> source,
    const std::vector<catalogue::TableCut>& cuts) {
  if (cuts.empty()) return source;
  std::vector<std::string> warnings;
  auto rows = catalogue::select_rows(*source, cuts, section.path("cuts"), warnings);
  for (const auto& warning : warnings) section.warning("cuts", warning);
  return std::make_unique<const catalogue::SelectedSource>(std::move(source),
                                                           std::move(rows));
}

void read_joint_table(const Section& section, const RunConfig& config,
                      const TableOpener& open_table, catalogue::JointTable& table) {
  const auto before = section.problem_count();
  const auto path = section.existing_file("file");
  section.describe("columns", "list of names, or a map");
  const bool mapped = section.is_map("columns");
  catalogue::ColumnMapping mapping;
  if (mapped) {
    mapping =
        read_mapping(section, config.bands, config.grid, "column", Unstated::is_error);
  } else {
    table.quantities = section.texts("columns");
  }
  if (mapped ? mapping.empty() : table.quantities.empty()) {
    section.problem("columns", "must name at least one column");
  }
  const auto weight =
      section.has("weight_column") ? section.text("weight_column") : std::string();
  const auto cuts = read_cuts(section);
  if (section.problem_count() > before) return;
  try {
    auto source = selected(section, open_table(path), cuts);
    section.note_file_read(path);
    if (!weight.empty()) {
      table.weights = read_columns(section, "file", *source, {weight}).front();
    }
    if (mapped) {
      auto ours =
          std::make_unique<const catalogue::MappedSource>(std::move(source), mapping);
      if (!ours->sky_angles().empty()) {
        section.problem("conventions",
                        "angle_zero: north needs the row's host, which a joint table "
                        "does not know; give angle_zero: x or y");
      }
      table.quantities = ours->columns();
      source = std::move(ours);
    }
    const auto read = section.problem_count();
    const auto values = read_columns(section, "file", *source, table.quantities);
    if (section.problem_count() > read) return;
    for (std::size_t row = 0; row < values[0].size(); ++row) {
      for (const auto& column : values) table.values.push_back(column[row]);
    }
    if (mapped) check_values(section, *source, table);
  } catch (const Error& error) {
    section.problem("file", error.what());
  }
}

}  // namespace

void read_joint_tables(const Section& priors, RunConfig& config,
                       const TableOpener& open_table) {
  const Section tables = priors.section("joint_tables");
  for (const auto& name : tables.keys()) {
    const Section section = tables.member(name, "<name>");
    catalogue::JointTable table;
    table.where = where(tables, name);
    read_joint_table(section, config, open_table, table);
    if (table.quantities.empty()) continue;
    config.priors.joint_tables.push_back(std::move(table));
  }
}

}  // namespace lensmill::config
