#include "pipeline/inputs/host_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "lib/catalogue/column_units.hpp"
#include "lib/core/errors.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"
#include "pipeline/inputs/file_list.hpp"
#include "pipeline/inputs/hosts_in_order.hpp"
#include "pipeline/inputs/survey_positions.hpp"
#include "pipeline/inputs/text_column.hpp"

namespace lensmill::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_shown = 10;
constexpr const char* or_accept = ", or say `accept_other_ids: true` if that is meant";

std::string table_of(const std::string& stated, const std::string& key,
                     const HostNames& names) {
  if (!stated.empty()) return stated;
  if (!names.table.empty()) return names.table;
  throw ConfigError(
      fmt::format("{}: a column of which table? No table names the hosts; say {{..., "
                  "table: FILE}}, "
                  "with a row for each host in their order",
                  key));
}

/// One of the rows' values for each host.
template <class T>
std::vector<T> of_hosts(const std::vector<T>& of_row, const std::string& table,
                        const std::string& key, const HostNames& names,
                        bool any_order = false) {
  const auto count = static_cast<std::size_t>(names.count);
  if (table != names.table) {
    if (of_row.size() != count) {
      throw DataError(fmt::format(
          "{}: {} has {} rows, but there are {} hosts; it must have a row for each, in "
          "their order",
          key, table, of_row.size(), count));
    }
    const auto problem = any_order ? "" : other_ids(table, names);
    if (problem.empty()) return of_row;
    throw DataError(fmt::format("{}: {}; put its rows into the hosts' order{}", key,
                                problem,
                                key.ends_with("file_per_host") ? or_accept : ""));
  }
  if (of_row.size() != names.host_of_row.size()) {
    throw DataError(fmt::format("{}: {} has {} rows, of which {} name hosts", key,
                                table, of_row.size(), names.host_of_row.size()));
  }
  std::vector<T> values(count);
  std::vector<char> known(count, 0);
  for (std::size_t row = 0; row < of_row.size(); ++row) {
    if (names.host_of_row[row] < 0) continue;
    const auto host = static_cast<std::size_t>(names.host_of_row[row]);
    if (known[host] != 0 && values[host] != of_row[row]) {
      throw DataError(fmt::format("{}: {}: its rows of {} say {} and {}", key, table,
                                  names.name(names.host_of_row[row]), values[host],
                                  of_row[row]));
    }
    values[host] = of_row[row];
    known[host] = 1;
  }
  return values;
}

std::vector<std::string> by_pattern(const std::string& pattern, const std::string& key,
                                    const HostNames& names) {
  const auto star = pattern.find('*');
  if (star == std::string::npos || star != pattern.rfind('*') ||
      pattern.find_first_of("?[") != std::string::npos) {
    throw DataError(
        fmt::format("{}: {} must have one `*`, which stands for the host's "
                    "name, and no other wild card",
                    key, pattern));
  }
  const auto& texts = names.stems.empty() ? names.ids : names.stems;
  if (texts.empty()) {
    throw DataError(fmt::format(
        "{}: the hosts have no names that the `*` of {} could stand for; name the "
        "files "
        "in a list in the hosts' order, or by {{column: NAME, table: FILE}}",
        key, pattern));
  }
  std::vector<std::string> paths;
  for (const auto& text : texts) {
    paths.push_back(pattern.substr(0, star) + text + pattern.substr(star + 1));
  }
  return paths;
}

void refuse_another_order(const std::vector<std::string>& paths, const std::string& key,
                          const HostNames& names) {
  const auto problem = another_order(paths, names);
  if (problem.empty()) return;
  throw DataError(fmt::format("{}: {}; list the files in the hosts' order{}", key,
                              problem, or_accept));
}

void require_files(const std::vector<std::string>& paths, const std::string& key,
                   const HostNames& names) {
  std::vector<std::string> missing;
  std::error_code ignored;
  for (std::size_t host = 0; host < paths.size(); ++host) {
    if (fs::exists(paths[host], ignored)) continue;
    missing.push_back(fmt::format(
        "\n  {}: {}", names.name(static_cast<std::int64_t>(host)), paths[host]));
  }
  if (missing.empty()) return;
  std::string text = fmt::format("{}: {} of {} hosts have no file there:", key,
                                 missing.size(), paths.size());
  for (std::size_t k = 0; k < std::min(missing.size(), most_shown); ++k) {
    text += missing[k];
  }
  if (missing.size() > most_shown) text += "\n  ...";
  throw DataError(text + "\nadd them, or leave these hosts out");
}

}  // namespace

std::string HostNames::name(std::int64_t host) const {
  const auto index = static_cast<std::size_t>(host);
  return index < ids.size() ? fmt::format("host {} ({})", host, ids[index])
                            : fmt::format("host {}", host);
}

std::vector<std::string> texts_of_ids(const stages::HostIds& ids) {
  if (ids.numbers.empty()) return ids.texts;
  std::vector<std::string> texts;
  for (const auto number : ids.numbers) texts.push_back(std::to_string(number));
  return texts;
}

HostNames names_of_hosts(const config::RunConfig& config, const stages::Inputs& inputs,
                         bool needs_table) {
  HostNames names{.count = inputs.hosts->count(),
                  .files = {},
                  .stems = {},
                  .ids = {},
                  .table = {},
                  .host_of_row = {}};
  if (inputs.host_ids) names.ids = texts_of_ids(*inputs.host_ids);
  const auto& dataset = config.host.hdf5_id_dataset;
  names.id_name = dataset.substr(dataset.rfind('/') + 1);  // without its group
  if (!config.host.survey || !needs_table) return names;
  const auto positions = read_positions(config.host.survey->positions);
  names.table = config.host.survey->positions.file;
  names.host_of_row.assign(static_cast<std::size_t>(positions.rows), -1);
  for (std::size_t host = 0; host < positions.row.size(); ++host) {
    names.host_of_row[static_cast<std::size_t>(positions.row[host])] =
        static_cast<std::int64_t>(host);
  }
  return names;
}

std::vector<std::string> texts_of_hosts(const config::HostColumn& column,
                                        const std::string& key,
                                        const HostNames& names) {
  const auto table = table_of(column.table, key, names);
  return of_hosts(read_text_column(table, column.column), table, key, names);
}

std::vector<double> numbers_of_hosts(const config::HostColumn& column,
                                     const std::string& key, const HostNames& names,
                                     std::string_view unit) {
  const auto table = table_of(column.table, key, names);
  const auto source = open_table(table);
  const auto& known = source->columns();
  if (std::ranges::find(known, column.column) == known.end()) {
    throw DataError(fmt::format("{}: {} has no numeric column `{}` (it has: {})", key,
                                table, column.column, fmt::join(known, ", ")));
  }
  const auto conversion =
      catalogue::convert_unit(source->facts(column.column).unit, unit);
  if (!conversion.problem.empty()) {
    throw DataError(fmt::format("{}: {}: column `{}` {}", key, table, column.column,
                                conversion.problem));
  }
  std::vector<catalogue::BadCell> bad;
  const std::vector<std::string> wanted{column.column};
  const auto cells = source->read(0, source->rows(), wanted, bad);
  if (!bad.empty()) {
    throw DataError(fmt::format("{}: {}, column {}: {}", key, source->where(bad[0].row),
                                column.column, bad[0].reason));
  }
  std::vector<double> of_row;
  for (std::int64_t row = 0; row < source->rows(); ++row) {
    of_row.push_back(conversion.factor *
                     catalogue::real_cell(cells[0], static_cast<std::size_t>(row)));
  }
  auto values = of_hosts(of_row, table, key, names);
  for (std::size_t host = 0; host < values.size(); ++host) {
    if (std::isfinite(values[host])) continue;
    throw DataError(
        fmt::format("{}: {}: column {} of {} is {}", key, table, column.column,
                    names.name(static_cast<std::int64_t>(host)), values[host]));
  }
  return values;
}

std::vector<std::string> files_of_hosts(const config::FileList& list,
                                        const std::string& key, const HostNames& names,
                                        bool any_order) {
  std::vector<std::string> paths;
  if (!list.pattern.empty()) {
    paths = by_pattern(list.pattern, key, names);
  } else if (!list.column.empty()) {
    auto from = list;
    from.table = table_of(list.table, key, names);
    const auto listed = list_files(from, key, from.table);
    std::vector<std::string> of_row;
    for (const auto file : listed.file_of_row) {
      of_row.push_back(listed.paths[static_cast<std::size_t>(file)]);
    }
    paths = of_hosts(of_row, from.table, key, names, any_order);
    // Rows of another table are hosts by their order alone; several may share a file.
    const bool in_order =
        from.table != names.table && listed.paths.size() == paths.size();
    if (in_order && !any_order) refuse_another_order(paths, key, names);
  } else {
    paths = list_files(list, key, "").paths;
    if (paths.size() != static_cast<std::size_t>(names.count)) {
      throw DataError(
          fmt::format("{}: names {} file{} for {} hosts; one each is needed (a pattern "
                      "has a `*` for "
                      "the host's name)",
                      key, paths.size(), paths.size() == 1 ? "" : "s", names.count));
    }
    if (!any_order) refuse_another_order(paths, key, names);
  }
  require_files(paths, key, names);
  return paths;
}

}  // namespace lensmill::pipeline
