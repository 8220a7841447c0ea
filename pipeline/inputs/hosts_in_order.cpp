#include "pipeline/inputs/hosts_in_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"
#include "pipeline/inputs/file_list.hpp"
#include "pipeline/inputs/text_column.hpp"

namespace lensmill::pipeline {
namespace {

using HostOf = std::map<std::string, std::size_t>;

std::string in_place_of(const std::string& path, std::size_t host, std::size_t named,
                        const HostNames& names) {
  return fmt::format("{} is in the place of {}, but has the name of {}", path,
                     names.name(static_cast<std::int64_t>(host)),
                     names.name(static_cast<std::int64_t>(named)));
}

/// All files are called `prefix` NAME `suffix`, each by one of the hosts' names: the
/// first that is another host's, or the number of files.
std::optional<std::size_t> first_of_other(const std::vector<std::string>& stems,
                                          const std::vector<std::string>& texts,
                                          const HostOf& host_of,
                                          std::string_view prefix,
                                          std::string_view suffix) {
  std::size_t first = stems.size();
  for (std::size_t host = 0; host < stems.size(); ++host) {
    const auto& stem = stems[host];
    if (stem.size() < prefix.size() + suffix.size() || !stem.starts_with(prefix) ||
        !stem.ends_with(suffix)) {
      return std::nullopt;
    }
    const auto name =
        stem.substr(prefix.size(), stem.size() - prefix.size() - suffix.size());
    if (!host_of.contains(name)) return std::nullopt;
    if (texts[host] != name) first = std::min(first, host);
  }
  return first;
}

/// By names that have the same text around them in all files.
std::string another_order_within(const std::vector<std::string>& paths,
                                 const std::vector<std::string>& stems,
                                 const std::vector<std::string>& texts,
                                 const HostOf& host_of, const HostNames& names) {
  std::string problem;
  for (const auto& text : texts) {
    if (text.empty()) continue;
    for (auto at = stems[0].find(text); at != std::string::npos;
         at = stems[0].find(text, at + 1)) {
      const std::string_view stem = stems[0];
      const auto prefix = stem.substr(0, at);
      const auto suffix = stem.substr(at + text.size());
      const auto host = first_of_other(stems, texts, host_of, prefix, suffix);
      if (!host) continue;
      if (*host == stems.size()) return "";  // each its own
      const auto& other = stems[*host];
      const auto named = host_of.at(
          other.substr(prefix.size(), other.size() - prefix.size() - suffix.size()));
      problem = in_place_of(paths[*host], *host, named, names);
    }
  }
  return problem;
}

/// A table's cells of a column as ids are compared; nothing where it is no column of
/// ids.
std::vector<std::string> ids_in(const std::string& table, const std::string& column) {
  std::vector<std::string> ids;
  try {
    ids = read_text_column(table, column);
  } catch (const DataError&) {
    return {};  // no texts or whole numbers, or not in every row
  }
  std::ranges::transform(ids, ids.begin(), comparable_id);
  return ids;
}

std::vector<std::string> all_columns(const std::string& table) {
  const auto source = open_table(table);
  auto columns = source->columns();
  for (const auto& column : source->unread()) columns.push_back(column.name);
  return columns;
}

/// \param strict whether a cell that is no host's id contradicts, too
std::string other_ids_in(const std::string& table, const std::string& column,
                         const std::vector<std::string>& ids, bool strict,
                         const HostNames& names) {
  if (ids.empty()) return "";
  const auto of_row = ids_in(table, column);
  const bool by_rows = of_row.size() == names.host_of_row.size();
  if (!by_rows && of_row.size() != ids.size()) return "";
  HostOf host_of;
  for (std::size_t host = 0; host < ids.size(); ++host) {
    host_of.emplace(ids[host], host);
  }
  for (std::size_t row = 0; row < of_row.size(); ++row) {
    const auto host = by_rows ? names.host_of_row[row] : static_cast<std::int64_t>(row);
    if (host < 0 || of_row[row] == ids[static_cast<std::size_t>(host)]) continue;
    if (!strict && !host_of.contains(of_row[row])) continue;
    return fmt::format("{}: row {} says {} = {}, but is in the place of {}", table,
                       row + 1, column, of_row[row], names.name(host));
  }
  return "";
}

}  // namespace

std::string comparable_id(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number ? std::to_string(number) : text;
}

std::string another_order(const std::vector<std::string>& paths,
                          const HostNames& names) {
  std::vector<std::string> stems;
  for (const auto& path : paths) stems.push_back(stem_of(path));
  for (const auto* texts : {&names.ids, &names.stems}) {
    HostOf host_of;
    for (std::size_t host = 0; host < texts->size(); ++host) {
      host_of.emplace((*texts)[host], host);
    }
    for (std::size_t host = 0; host < std::min(stems.size(), texts->size()); ++host) {
      const auto found = host_of.find(stems[host]);
      if (found == host_of.end() || (*texts)[host] == stems[host]) continue;
      return in_place_of(paths[host], host, found->second, names);
    }
    if (stems.empty() || stems.size() != texts->size()) continue;
    auto problem = another_order_within(paths, stems, *texts, host_of, names);
    if (!problem.empty()) return problem;
  }
  return "";
}

std::string other_ids(const std::string& table, const HostNames& names) {
  const auto columns = all_columns(table);
  const auto named = [](const std::vector<std::string>& among,
                        const std::string& name) {
    const auto at = std::ranges::find(
        among, lower_case(name), [](const auto& text) { return lower_case(text); });
    return at == among.end() ? std::string() : *at;
  };
  std::vector<std::string> ids = names.ids;
  std::ranges::transform(ids, ids.begin(), comparable_id);
  if (!names.id_name.empty() && !ids.empty()) {
    const auto column = named(columns, names.id_name);
    if (!column.empty()) return other_ids_in(table, column, ids, true, names);
  }
  const auto of_hosts_table =
      names.table.empty() ? std::vector<std::string>{} : all_columns(names.table);
  for (const char* name : object_names) {
    const auto column = named(columns, name);
    if (column.empty()) continue;
    // Hosts without ids may have some in the table of their positions.
    auto theirs = ids;
    const auto own = named(of_hosts_table, name);
    if (theirs.empty() && !own.empty()) {
      theirs.resize(static_cast<std::size_t>(names.count));
      const auto of_row = ids_in(names.table, own);
      for (std::size_t row = 0; row < of_row.size(); ++row) {
        const auto host = names.host_of_row.at(row);
        if (host >= 0) theirs[static_cast<std::size_t>(host)] = of_row[row];
      }
    }
    auto problem = other_ids_in(table, column, theirs, false, names);
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace lensmill::pipeline
