#include "pipeline/inputs/psf_of_hosts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>

#include "lib/core/errors.hpp"
#include "lib/io/sha256.hpp"
#include "pipeline/inputs/read_host_psfs.hpp"
#include "pipeline/inputs/text_column.hpp"
#include "stages/config/psf_kinds.hpp"

namespace lensmill::pipeline {
namespace {

using config::PsfSection;
using parallel::Communicator;
using stages::PsfInput;

constexpr std::size_t most_listed = 256;  // in the provenance of every shard

Distinct distinct(const std::vector<std::string>& of_host) {
  Distinct result;
  std::map<std::string, std::int64_t> known;
  for (const auto& text : of_host) {
    const auto [at, is_new] =
        known.emplace(text, static_cast<std::int64_t>(result.texts.size()));
    if (is_new) result.texts.push_back(text);
    result.of_host.push_back(at->second);
  }
  return result;
}

/// The planes of `plane: host` are the hosts in their order.
void tie_planes(const PsfQuestion& question, const HostNames& names, PsfInput& input) {
  auto& kernels = input.kernels;
  if (kernels.size() != static_cast<std::size_t>(names.count)) {
    throw DataError(fmt::format(
        "{}.plane: host: {} contains {} kernels for {} hosts; it must have a plane for "
        "each, in their order",
        question.where(), question.section.file, kernels.size(), names.count));
  }
  const auto& dataset = question.section.id_dataset;
  if (!dataset.empty() && !names.ids.empty()) {
    const auto ids = read_text_dataset(question.section.file, dataset);
    for (std::size_t host = 0; host < names.ids.size(); ++host) {
      if (host < ids.size() && ids[host] == names.ids[host]) continue;
      throw DataError(fmt::format(
          "{}.id_dataset: {}: {} says {} for kernel {}, which is {}'s; put the kernels "
          "into the hosts' order",
          question.where(), question.section.file, dataset,
          host < ids.size() ? ids[host] : "nothing", host,
          names.name(static_cast<std::int64_t>(host))));
    }
  }
  for (std::size_t host = 0; host < kernels.size(); ++host) {
    const auto number = static_cast<std::int64_t>(host);
    input.of_host.push_back(number);
    kernels[host].name = with_hosts(kernels[host].name, {number}, names);
  }
}

/// Bands that were given the same kernels for every host.
void compare_bands_of_hosts(const config::RunConfig& config,
                            const PerBand<PsfInput>& psf,
                            std::vector<std::string>& warnings) {
  const auto same = [](const psf::PixelKernel& a, const psf::PixelKernel& b) {
    return std::ranges::equal(a.values.pixels(), b.values.pixels());
  };
  for (std::size_t a = 0; a < config.psf.size(); ++a) {
    for (std::size_t b = a + 1; b < config.psf.size(); ++b) {
      if (psf[a].of_host.empty() || psf[a].kernels.empty() ||
          !std::ranges::equal(psf[a].kernels, psf[b].kernels, same)) {
        continue;
      }
      warnings.push_back(
          fmt::format("psf.{}, psf.{}: all hosts have the same kernels in both bands; "
                      "is that meant?",
                      config.bands[a], config.bands[b]));
    }
  }
}

/// The root's list for the provenance: one by one, or one digest of all.
std::vector<InputFile> input_files(const std::string& band,
                                   const std::vector<std::string>& paths) {
  std::vector<InputFile> files;
  if (paths.size() <= most_listed) {
    for (std::size_t k = 0; k < paths.size(); ++k) {
      files.push_back(
          {.role = fmt::format("psf {} {}", band, k), .path = paths[k], .sha256 = {}});
    }
    return files;
  }
  io::Sha256 all;
  for (const auto& path : paths) {
    all.update(std::filesystem::path(path).filename().string() + "=" +
               io::sha256_of_file(path) + "\n");
  }
  files.push_back({.role = fmt::format("psf {} ({} files: digest of their digests)",
                                       band, paths.size()),
                   .path = std::filesystem::path(paths.front()).parent_path().string(),
                   .sha256 = all.hex_digest()});
  return files;
}

/// Several bands that were given one image, which says no band.
void refuse_one_for_all(const config::RunConfig& config,
                        const PerBand<std::vector<std::string>>& unlabelled) {
  for (std::size_t a = 0; a < config.psf.size(); ++a) {
    for (std::size_t b = a + 1; b < config.psf.size(); ++b) {
      if (unlabelled[a].empty() || unlabelled[a] != unlabelled[b]) continue;
      throw ConfigError(fmt::format(
          "psf.{}.file_per_host, psf.{}.file_per_host: both bands take the same image "
          "({}), whose header says no band; name files of each band, or say `hdu: 0` "
          "in "
          "each if it is meant for both",
          config.bands[a], config.bands[b], unlabelled[a].front()));
    }
  }
}

bool has_position_columns(const PsfSection& section) {
  return !section.position_columns[0].column.empty();
}

}  // namespace

bool psf_needs_host_table(const config::RunConfig& config) {
  return std::ranges::any_of(config.psf, [](const PsfSection& section) {
    return !section.file_per_host.column.empty() ||
           !section.ccdname_of_host.column.empty() || has_position_columns(section);
  });
}

std::vector<std::string> psf_columns_of_hosts(const config::RunConfig& config,
                                              const std::string& host_table) {
  std::set<std::string> columns;
  const auto& catalogue = config.catalogue.file;
  const auto add = [&](const std::string& column, const std::string& table) {
    const auto& used = table.empty() ? host_table : table;
    if (!column.empty() && !used.empty() && used == catalogue) columns.insert(column);
  };
  for (const auto& section : config.psf) {
    add(section.file_per_host.column, section.file_per_host.table);
    add(section.ccdname_of_host.column, section.ccdname_of_host.table);
    for (const auto& axis : section.position_columns) add(axis.column, axis.table);
  }
  return {columns.begin(), columns.end()};
}

std::vector<InputFile> open_psf_of_hosts(const config::RunConfig& config,
                                         const HostNames& root_names,
                                         const Communicator& world,
                                         PerBand<PsfInput>& psf,
                                         std::vector<std::string>& warnings) {
  HostNames names = root_names;
  world.broadcast(names.count);
  world.broadcast(names.files);
  world.broadcast(names.ids);
  std::map<std::vector<std::string>, std::string> lists;  // each once, with its band
  std::vector<InputFile> files;
  PerBand<std::vector<std::string>> unlabelled;
  for (std::size_t b = 0; b < config.psf.size(); ++b) {
    const auto& section = config.psf[b];
    const PsfQuestion question{.section = section,
                               .band = config.bands[b],
                               .pixel_scale_arcsec = config.grid.pixel_scale_arcsec};
    if (section.plane_of_host) {
      world.agree([&] { tie_planes(question, names, psf[b]); });
    }
    Distinct chosen;
    std::vector<double> x, y;
    world.agree([&] {
      if (!world.is_root()) return;
      if (section.file_per_host.given()) {
        chosen = distinct(files_of_hosts(section.file_per_host,
                                         question.where() + ".file_per_host", names,
                                         section.accept_other_ids));
        if (lists.emplace(chosen.texts, question.band).second) {
          std::ranges::move(input_files(question.band, chosen.texts),
                            std::back_inserter(files));
        }
      } else if (!section.ccdname_of_host.column.empty()) {
        chosen = distinct(texts_of_hosts(section.ccdname_of_host,
                                         question.where() + ".ccdname", names));
      }
      if (!has_position_columns(section)) return;
      const auto key = question.where() + ".position.columns";
      x = numbers_of_hosts(section.position_columns[0], key, names, "pix");
      y = numbers_of_hosts(section.position_columns[1], key, names, "pix");
    });
    world.broadcast(chosen.texts);
    world.broadcast(chosen.of_host);
    world.broadcast(x);
    world.broadcast(y);
    for (std::size_t host = 0; host < x.size(); ++host) {
      psf[b].position_of_host.push_back({x[host], y[host]});
    }
    if (chosen.texts.empty()) continue;
    psf[b].of_host = chosen.of_host;
    const HostPsfQuestion of_hosts{
        .config = config, .psf = question, .names = names, .texts = chosen};
    if (form_of(section) == config::PsfForm::model) {
      psf[b].models = read_host_models(of_hosts, world, warnings);
      continue;
    }
    bool without_band = false;
    psf[b].kernels = read_host_kernels(of_hosts, world, without_band, warnings);
    if (without_band) unlabelled[b] = chosen.texts;
  }
  world.agree([&] { refuse_one_for_all(config, unlabelled); });
  compare_bands_of_hosts(config, psf, warnings);
  return files;
}

}  // namespace lensmill::pipeline
