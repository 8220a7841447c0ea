#include "pipeline/inputs/cutout_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <map>
#include <sstream>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/io/sha256.hpp"
#include "pipeline/inputs/file_list.hpp"
#include "pipeline/inputs/host_cutouts.hpp"
#include "pipeline/inputs/hosts_in_order.hpp"
#include "pipeline/inputs/inspect_cutout.hpp"
#include "pipeline/inputs/text_column.hpp"

namespace lensmill::pipeline {
namespace {

using parallel::Communicator;

constexpr const char* files_key = "host.cutouts.files";
constexpr const char* accept_hint =
    "\n(where the headers are wrong and the configuration right, say so by "
    "host.cutouts.accept_header_mismatch: true)";
constexpr std::size_t most_shown = 10;
constexpr std::size_t most_listed = 256;       // in the provenance of every shard
constexpr std::size_t most_files = 2'000'000;  // their paths are held on every rank
constexpr std::size_t longest_id_bytes = 255;

/// The lists that the root makes and all ranks get.
struct Lists {
  CutoutPaths paths;
  std::vector<std::string> ids;  ///< empty: by a card of each file
  std::vector<std::int64_t> host_of_row;
  HostNames names;  ///< without ids; of the root
};

void require_files(const std::vector<std::string>& paths, const std::string& key) {
  std::vector<std::string> missing;
  std::error_code ignored;
  for (const auto& path : paths) {
    if (!std::filesystem::exists(path, ignored)) missing.push_back(path);
  }
  if (missing.empty()) return;
  const auto shown = std::min(missing.size(), most_shown);
  throw DataError(fmt::format(
      "{}: {} of {} files are not there:\n  {}{}", key, missing.size(), paths.size(),
      fmt::join(missing.begin(), missing.begin() + static_cast<std::ptrdiff_t>(shown),
                "\n  "),
      missing.size() > shown ? "\n  ..." : ""));
}

/// Ids by a column of the table that names the files: one for each file.
std::vector<std::string> ids_of_column(const config::CutoutFiles& section,
                                       const std::string& table,
                                       const ListedFiles& listed) {
  const auto of_row = read_text_column(table, section.id_column);
  std::vector<std::string> ids(listed.paths.size());
  for (std::size_t row = 0; row < listed.file_of_row.size(); ++row) {
    auto& id = ids[static_cast<std::size_t>(listed.file_of_row[row])];
    if (!id.empty() && id != of_row.at(row)) {
      throw DataError(fmt::format(
          "{}: rows that name one file ({}) call its host {} and {} (column `{}`)",
          table, listed.paths[static_cast<std::size_t>(listed.file_of_row[row])], id,
          of_row[row], section.id_column));
    }
    id = of_row.at(row);
  }
  return ids;
}

Lists list_all(const config::RunConfig& config) {
  const auto& section = *config.host.cutout_files;
  const auto& catalogue = config.catalogue.file;
  Lists lists;
  const auto listed = list_files(section.images, files_key, catalogue);
  if (listed.paths.size() > most_files) {
    throw DataError(
        fmt::format("{}: {} files, at most {} are taken; put the cutouts "
                    "into one HDF5 file (host.cutouts.file)",
                    files_key, grouped(static_cast<std::int64_t>(listed.paths.size())),
                    grouped(std::int64_t{most_files})));
  }
  require_files(listed.paths, files_key);
  lists.paths.images = listed.paths;
  lists.names = {
      .count = static_cast<std::int64_t>(listed.paths.size()),
      .files = listed.paths,
      .stems = listed.stems,
      .ids = {},
      .table = section.images.column.empty()  ? ""
               : section.images.table.empty() ? catalogue
                                              : section.images.table,
      .host_of_row = listed.file_of_row,
      .id_name = section.id_card.empty() ? section.id_column : section.id_card};
  const auto beside = [&](const config::FileList& list, const std::string& key) {
    if (!list.given()) return std::vector<std::string>{};
    auto paths = list_beside(list, key, listed, catalogue);
    require_files(paths, key);
    return paths;
  };
  lists.paths.weights = beside(section.weights, "host.cutouts.weight.files");
  for (const auto& mask : config.host.masks) {
    lists.paths.masks.push_back(beside(mask.beside, mask.key + ".files"));
  }
  if (!section.id_column.empty()) {
    const auto& table = section.images.table;
    lists.ids = ids_of_column(section, table.empty() ? catalogue : table, listed);
  } else if (section.id_card.empty()) {
    for (const auto& path : listed.paths) lists.ids.push_back(stem_of(path));
  }
  if (!section.images.column.empty() && section.images.table.empty()) {
    lists.host_of_row = listed.file_of_row;
  }
  return lists;
}

/// Files of weights and masks that are tied to the hosts by their order alone and are
/// named as other hosts'.
std::vector<std::string> problems_of_order(const config::RunConfig& config,
                                           const CutoutPaths& paths,
                                           const HostNames& names) {
  std::vector<std::string> problems;
  const auto compare = [&](const config::FileList& list, const std::string& key,
                           const std::vector<std::string>& files) {
    if (files.empty() || !list.pattern.empty()) return;
    const auto& table = list.table.empty() ? config.catalogue.file : list.table;
    if (!list.column.empty() && table == names.table) return;
    auto problem = list.column.empty() ? "" : other_ids(table, names);
    if (problem.empty()) problem = another_order(files, names);
    if (problem.empty()) return;
    problems.push_back(
        fmt::format("{}: {}; list the files in the hosts' order", key, problem));
  };
  compare(config.host.cutout_files->weights, "host.cutouts.weight.files",
          paths.weights);
  for (std::size_t m = 0; m < config.host.masks.size(); ++m) {
    const auto& mask = config.host.masks[m];
    compare(mask.beside, mask.key + ".files", paths.masks[m]);
  }
  return problems;
}

/// What the ranks found, joined in order of hosts.
struct Findings {
  std::vector<std::string> ids, digests, problems, warnings;
  std::int64_t problem_count = 0;
  std::int64_t failed = 0;
  std::int64_t unused_invvar = 0;
};

/// Lines of all ranks, in order of rank; of the root.
std::vector<std::string> gather_lines(const std::vector<std::string>& lines,
                                      const Communicator& world) {
  std::vector<std::string> all;
  for (const auto& text : world.gather(fmt::format("{}", fmt::join(lines, "\x1e")))) {
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line, '\x1e');) all.push_back(line);
  }
  return all;
}

std::vector<std::string> digests_of(const CutoutPaths& paths, std::size_t host) {
  std::vector<std::string> digests{io::sha256_of_file(paths.images[host])};
  if (!paths.weights.empty()) {
    digests.push_back(io::sha256_of_file(paths.weights[host]));
  }
  for (const auto& mask : paths.masks) {
    if (!mask.empty()) digests.push_back(io::sha256_of_file(mask[host]));
  }
  return digests;
}

Findings inspect_all(const config::RunConfig& config, const CutoutPaths& paths,
                     const std::vector<std::string>& ids, int ny, int nx,
                     const Communicator& world) {
  Findings own;
  const KnownIds known(ids);
  const auto count = static_cast<std::int64_t>(paths.images.size());
  const auto keep = [](std::vector<std::string>& list, std::string text) {
    if (list.size() < most_shown) list.push_back(std::move(text));
  };
  const std::int64_t end = count * (world.rank() + 1) / world.size();
  for (std::int64_t host = count * world.rank() / world.size(); host < end; ++host) {
    const auto index = static_cast<std::size_t>(host);
    try {
      auto facts = inspect_cutout(config, paths, known, index, ny, nx);
      own.ids.push_back(std::move(facts.id));
      for (auto& digest : digests_of(paths, index)) {
        own.digests.push_back(std::move(digest));
      }
      own.unused_invvar += facts.has_unused_invvar ? 1 : 0;
      for (auto& text : facts.warnings) keep(own.warnings, std::move(text));
      for (auto& text : facts.problems) {
        ++own.problem_count;
        keep(own.problems, std::move(text));
      }
    } catch (const Error& error) {
      ++own.failed;
      ++own.problem_count;
      keep(own.problems, error.what());
    }
  }
  Findings all;
  all.ids = gather_lines(own.ids, world);
  all.digests = gather_lines(own.digests, world);
  all.problems = gather_lines(own.problems, world);
  all.warnings = gather_lines(own.warnings, world);
  if (all.warnings.size() > most_shown) all.warnings.resize(most_shown);
  all.problem_count = world.sum(own.problem_count);
  all.failed = world.sum(own.failed);
  all.unused_invvar = world.sum(own.unused_invvar);
  return all;
}

std::string listed_problems(const Findings& found) {
  const auto shown = std::min(found.problems.size(), most_shown);
  auto text = fmt::format(
      "{}",
      fmt::join(found.problems.begin(),
                found.problems.begin() + static_cast<std::ptrdiff_t>(shown), "\n"));
  const auto more = found.problem_count - static_cast<std::int64_t>(shown);
  if (more > 0) text += fmt::format("\n... and {} more", more);
  return text;
}

std::vector<InputFile> input_files(const CutoutPaths& paths,
                                   const std::vector<std::string>& digests) {
  std::vector<std::pair<std::string, const std::vector<std::string>*>> kinds{
      {"host cutout", &paths.images}};
  if (!paths.weights.empty()) kinds.push_back({"host weight", &paths.weights});
  for (const auto& mask : paths.masks) {
    if (!mask.empty()) kinds.push_back({"host mask", &mask});
  }
  std::vector<InputFile> files;
  if (digests.size() > most_listed) {
    io::Sha256 all;
    for (std::size_t k = 0; k < digests.size(); ++k) {
      const auto& list = *kinds[k % kinds.size()].second;
      all.update(std::filesystem::path(list[k / kinds.size()]).filename().string() +
                 "=" + digests[k] + "\n");
    }
    files.push_back(
        {.role = fmt::format("host cutouts ({} files: digest of their digests)",
                             digests.size()),
         .path = std::filesystem::path(paths.images.front()).parent_path().string(),
         .sha256 = all.hex_digest()});
    return files;
  }
  for (std::size_t k = 0; k < digests.size(); ++k) {
    const auto& [name, list] = kinds[k % kinds.size()];
    const std::size_t host = k / kinds.size();
    const std::size_t kind = k % kinds.size();
    files.push_back({.role = kind < 2 ? fmt::format("{} {}", name, host)
                                      : fmt::format("{} {} {}", name, kind - 1, host),
                     .path = (*list)[host],
                     .sha256 = digests[k]});
  }
  return files;
}

/// The same picture under two names. \param digests of each host's files, its image's
/// first
std::string repeated_files(const std::vector<std::string>& images,
                           const std::vector<std::string>& digests) {
  const std::size_t files_per_host = digests.size() / images.size();
  std::map<std::string, std::size_t> known;
  for (std::size_t host = 0; host < images.size(); ++host) {
    const auto [at, is_new] = known.emplace(digests[host * files_per_host], host);
    if (is_new) continue;
    return fmt::format("{}: {} and {} contain the same bytes: one host under two names",
                       files_key, images[at->second], images[host]);
  }
  return "";
}

}  // namespace

stages::HostIds make_host_ids(std::vector<std::string> texts) {
  stages::HostIds ids;
  for (const auto& text : texts) {
    std::int64_t number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number);
    // 007 is a name.
    if (error != std::errc() || std::to_string(number) != text) {
      ids.numbers.clear();
      break;
    }
    ids.numbers.push_back(number);
  }
  if (!ids.numbers.empty()) return ids;
  for (const auto& text : texts) ids.text_bytes = std::max(ids.text_bytes, text.size());
  if (ids.text_bytes > longest_id_bytes) {
    const auto longest = std::ranges::max_element(texts, {}, &std::string::size);
    throw DataError(fmt::format("host.cutouts: the id {}... has {} bytes, {} at most",
                                longest->substr(0, 40), ids.text_bytes,
                                longest_id_bytes));
  }
  ids.texts = std::move(texts);
  return ids;
}

std::string repeated_ids(const std::vector<std::string>& texts,
                         const std::string& key) {
  auto sorted = texts;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice == sorted.end()) return "";
  return fmt::format(
      "{}: several hosts have the id {}: `host_id` does not tell them "
      "apart (host_index does)",
      key, *twice);
}

OpenedCutouts open_cutout_files(const config::RunConfig& config,
                                const Communicator& world) {
  OpenedCutouts opened;
  Lists lists;
  world.agree([&] {
    if (world.is_root()) lists = list_all(config);
  });
  lists.paths.masks.resize(config.host.masks.size());
  world.broadcast(lists.paths.images);
  world.broadcast(lists.paths.weights);
  for (auto& paths : lists.paths.masks) world.broadcast(paths);
  world.broadcast(lists.ids);
  world.broadcast(lists.host_of_row);
  opened.host_of_row = std::move(lists.host_of_row);
  int ny = 0;
  int nx = 0;
  world.agree([&] {
    const auto first = open_cutout(config.host, config.bands, lists.paths, 0);
    ny = first.images.front().hdu.ny();
    nx = first.images.front().hdu.nx();
  });
  auto found = inspect_all(config, lists.paths, lists.ids, ny, nx, world);
  world.agree([&] {
    if (found.problem_count == 0) return;
    const bool accepted = found.failed == 0 && config.host.accept_header_mismatch;
    if (accepted) {
      if (world.is_root()) found.warnings.push_back(listed_problems(found));
      return;
    }
    const std::string hint = found.failed > 0 ? "" : accept_hint;
    if (world.is_root()) throw DataError(listed_problems(found) + hint);
  });
  if (lists.ids.empty()) {
    lists.ids = std::move(found.ids);
    world.broadcast(lists.ids);
  }
  world.agree([&] {
    if (found.unused_invvar > 0 && world.is_root()) {
      found.warnings.push_back(
          fmt::format("{}: {} of {} files contain inverse variances (INVVAR) that are "
                      "not used; say "
                      "host.cutouts.weight: {{kind: invvar, extension: INVVAR}}",
                      files_key, found.unused_invvar, lists.paths.images.size()));
    }
    if (!world.is_root()) return;
    lists.names.ids = lists.ids;
    auto disordered = problems_of_order(config, lists.paths, lists.names);
    if (!disordered.empty() && !config.host.accept_header_mismatch) {
      throw DataError(fmt::format("{}{}", fmt::join(disordered, "\n"), accept_hint));
    }
    std::ranges::move(disordered, std::back_inserter(found.warnings));
    opened.files = input_files(lists.paths, found.digests);
    for (auto text : {repeated_ids(lists.ids, files_key),
                      repeated_files(lists.paths.images, found.digests)}) {
      if (!text.empty()) found.warnings.push_back(std::move(text));
    }
  });
  world.broadcast(found.warnings);
  opened.warnings = std::move(found.warnings);
  opened.names = std::move(lists.names);
  world.agree([&] {
    opened.ids =
        std::make_shared<const stages::HostIds>(make_host_ids(std::move(lists.ids)));
    opened.hosts = std::make_shared<const CutoutReader>(config.host, config.bands,
                                                        std::move(lists.paths), ny, nx);
    check_cutouts(*opened.hosts, files_key, config.grid.stamp_size_pix);
  });
  return opened;
}

}  // namespace lensmill::pipeline
