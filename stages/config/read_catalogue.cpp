#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/catalogue/quantities.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/saltelli.hpp"
#include "lib/core/text.hpp"
#include "stages/config/read_mapping.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

constexpr std::array<std::string_view, 4> kinds = {"sampled", "grid", "sobol", "file"};
// Owen-scrambled Sobol points have 32-bit indices.
constexpr double most_sobol_rows = 4294967296.0;
constexpr double most_saltelli_points = 1.0e9;
// Far from where sums of row numbers overflow, and from what anyone runs.
constexpr double most_sampled_rows = 1.0e15;

std::vector<double> axis_values(const Section& grid, const std::string& column) {
  grid.describe(column, "list of numbers, or from/to/step");
  if (!grid.is_map(column)) return grid.numbers(column, any_number);
  const Section range = grid.form(column, "catalogue.grid.<column>");
  const double from = range.number("from", any_number);
  const double to = range.number("to", any_number);
  const auto before = range.problem_count();
  const double step = range.number("step", any_number);
  if (range.problem_count() > before) return {};
  try {
    return catalogue::range_values(from, to, step);
  } catch (const ConfigError& error) {
    grid.problem(column, error.what());
    return {};
  }
}

void read_sobol(const Section& section, CatalogueSection& out) {
  constexpr std::array<std::string_view, 2> designs = {"count", "saltelli"};
  const Section sobol = section.section("sobol");
  if (sobol.one_of(designs) != "saltelli") {
    out.count = sobol.integer("count", closed(1, most_sobol_rows));
    return;
  }
  const Section saltelli = sobol.section("saltelli");
  // A point has at least three rows, whose number is what must stay below 2^32.
  const auto points = saltelli.integer("base_count", closed(2, most_saltelli_points));
  out.saltelli_factors = saltelli.texts("factors");
  if (out.saltelli_factors.empty()) {
    saltelli.problem("factors", "must name at least one prior");
    return;
  }
  out.count = points * saltelli_rows_per_point(out.saltelli_factors.size());
  if (static_cast<double>(out.count) > most_sobol_rows) {
    saltelli.problem(
        "base_count",
        fmt::format("must give at most {} rows (got {})",
                    static_cast<std::int64_t>(most_sobol_rows), out.count));
  }
}

void read_grid(const Section& section, CatalogueSection& out) {
  const Section grid = section.section("grid");
  const auto before = grid.problem_count();
  for (const auto& column : grid.keys()) {
    out.grid.push_back({.column = column, .values = axis_values(grid, column)});
  }
  if (grid.problem_count() > before) return;
  try {
    out.count = catalogue::GridRows(out.grid).count();
  } catch (const ConfigError& error) {
    section.problem("grid", error.what());
  }
}

/// A carried column is a dataset of /catalogue/carried under its own name.
std::string carry_problem(const std::string& name, std::vector<std::string>& before) {
  if (name.empty() || name == "." || name.find('/') != std::string::npos) {
    return fmt::format("`{}` cannot be a dataset's name; rename the column", name);
  }
  if (catalogue::find_quantity(name) || name == "injection_id" || name == "host_id") {
    return fmt::format(
        "`{}` is a column of lensmill's own, in /catalogue; rename the file's if it is "
        "something else",
        name);
  }
  const auto same = [&](const auto& other) {
    return lower_case(other) == lower_case(name);
  };
  if (std::ranges::any_of(before, same)) {
    return fmt::format(
        "`{}` is there twice (names that differ in case alone count as "
        "the same)",
        name);
  }
  before.push_back(name);
  return "";
}

void read_file(const Section& file, RunConfig& config) {
  auto& out = config.catalogue;
  out.file = file.existing_file("path");
  out.overrides_priors = file.flag("overrides_priors", false);
  out.mapping =
      read_mapping(file, config.bands, config.grid, "column", Unstated::is_error);
  if (file.has("columns") && out.mapping.empty()) {
    file.problem("columns", "must name at least one column, {ours: theirs}");
  }
  out.cuts = read_cuts(file);
  std::vector<std::string> before;
  // Without it, configurations resolve as they did before there was such a key.
  const auto carry = file.has("carry") ? file.texts("carry") : before;
  for (const auto& name : carry) {
    const auto problem = carry_problem(name, before);
    if (!problem.empty()) file.problem("carry", problem);
  }
  out.carry = before;
}

}  // namespace

void read_catalogue(const Section& root, RunConfig& config) {
  auto& out = config.catalogue;
  const Section section = root.required_section("catalogue");
  const auto kind =
      section.one_of(kinds, config::required_if(root.is_map("catalogue")));
  if (kind == "sampled") {
    out.kind = CatalogueKind::sampled;
    out.count =
        section.section("sampled").integer("count", closed(1, most_sampled_rows));
  } else if (kind == "grid") {
    out.kind = CatalogueKind::grid;
    read_grid(section, out);
  } else if (kind == "sobol") {
    out.kind = CatalogueKind::sobol;
    read_sobol(section, out);
  } else if (kind == "file") {
    out.kind = CatalogueKind::file;
    read_file(section.section("file"), config);
  }
  read_keep(section, config);
  const Section split = section.section("split");
  out.split.validation =
      split.number("validation", closed(0.0, 1.0), out.split.validation);
  out.split.test = split.number("test", closed(0.0, 1.0), out.split.test);
  if (out.split.validation + out.split.test > 1.0) {
    section.problem("split",
                    fmt::format("validation and test must add up to at most 1 (got {})",
                                out.split.validation + out.split.test));
  }
}

}  // namespace lensmill::config
