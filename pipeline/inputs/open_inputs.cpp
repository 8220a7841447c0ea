#include "pipeline/inputs/open_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "lib/catalogue/quantities.hpp"
#include "lib/core/errors.hpp"
#include "lib/io/sha256.hpp"
#include "pipeline/inputs/check_images.hpp"
#include "pipeline/inputs/check_weights.hpp"
#include "pipeline/inputs/cutout_files.hpp"
#include "pipeline/inputs/host_cutouts.hpp"
#include "pipeline/inputs/invvar_maps.hpp"
#include "pipeline/inputs/measure_galaxies.hpp"
#include "pipeline/inputs/measure_hosts.hpp"
#include "pipeline/inputs/open_psf.hpp"
#include "pipeline/inputs/open_rows.hpp"
#include "pipeline/inputs/psf_of_hosts.hpp"
#include "pipeline/inputs/rows_on_hosts.hpp"
#include "pipeline/inputs/rows_on_sky.hpp"
#include "pipeline/inputs/source_galaxies.hpp"
#include "pipeline/inputs/survey_hosts.hpp"
#include "pipeline/inputs/text_column.hpp"
#include "stages/factory.hpp"

namespace lensmill::pipeline {
namespace {

using config::RunConfig;

std::vector<InputFile> files_of(const RunConfig& config,
                                const CatalogueGalaxies* galaxies) {
  std::vector<InputFile> files;
  const auto add = [&](std::string role, const std::string& path,
                       bool resolved = false) {
    files.push_back(
        {.role = std::move(role), .path = path, .sha256 = {}, .resolved = resolved});
  };
  if (config.catalogue.kind == config::CatalogueKind::file) {
    add("catalogue", config.catalogue.file);
  }
  if (const auto& survey = config.host.survey) {
    for (std::size_t b = 0; b < survey->bands.size(); ++b) {
      const auto& band = survey->bands[b];
      add("host " + config.bands[b], band.image);
      if (!band.weight.empty()) add("host weight " + config.bands[b], band.weight);
      for (const auto& mask : band.masks) add("mask " + mask.key, mask.file);
    }
    add("host positions", survey->positions.file);
  } else if (config.host.kind == config::HostKind::cutouts) {
    if (!config.host.hdf5_file.empty()) add("host", config.host.hdf5_file);
    for (const auto& band : config.bands) {
      const auto& [cubes, invvar] =
          std::tie(config.host.files, config.host.invvar_files);
      if (cubes.contains(band)) add("host " + band, cubes.at(band));
      if (invvar.contains(band)) add("host invvar " + band, invvar.at(band));
      for (const auto& mask : config.host.masks) {
        if (!mask.files.contains(band)) continue;
        add(fmt::format("mask {} {}", mask.key, band), mask.files.at(band));
      }
    }
  }
  for (std::size_t band = 0; band < config.psf.size(); ++band) {
    if (!config.psf[band].file.empty()) {
      add("psf " + config.bands[band], config.psf[band].file);
    }
  }
  for (const auto& path : config.table_files) add("prior table", path);
  for (const auto& [band, path] : config.noise.invvar_files) {
    add("noise invvar " + band, path);
  }
  for (std::size_t band = 0; band < config.noise.correlation.size(); ++band) {
    const auto& file = config.noise.correlation[band].file;
    if (!file.empty()) add("noise correlation " + config.bands[band], file, true);
  }
  if (galaxies != nullptr) {
    const auto& section = config.source.galaxies;
    add("source catalogue", section.catalogue);
    if (!section.fits_catalogue.empty()) add("source fits", section.fits_catalogue);
    for (const auto& path : galaxies->image_files()) add("source images", path);
  }
  return files;
}

/// The root's list with digests (those that it lacks are made), on every rank: only the
/// root has read the user's configuration, in which files stand that the resolved one
/// no longer needs.
std::vector<InputFile> hashed(std::vector<InputFile> files,
                              const parallel::Communicator& world) {
  std::vector<std::string> roles;
  std::vector<std::string> paths;
  std::vector<std::string> digests;
  std::vector<char> resolved;
  for (const auto& file : files) {
    roles.push_back(file.role);
    paths.push_back(file.path);
    digests.push_back(file.sha256);
    resolved.push_back(file.resolved ? 1 : 0);
  }
  world.broadcast(roles);
  world.broadcast(paths);
  world.broadcast(resolved);
  world.agree([&] {
    if (!world.is_root()) return;
    std::map<std::string, std::string> known;  // a file may serve several bands
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (!digests[i].empty()) continue;
      auto& digest = known[paths[i]];
      if (digest.empty()) digest = io::sha256_of_file(paths[i]);
      digests[i] = digest;
    }
  });
  world.broadcast(digests);
  files.clear();
  for (std::size_t i = 0; i < paths.size(); ++i) {
    files.push_back({.role = roles[i],
                     .path = paths[i],
                     .sha256 = digests[i],
                     .resolved = resolved[i] != 0});
  }
  return files;
}

/// Columns of the catalogue that name the hosts' files and the hosts.
std::vector<std::string> columns_of_hosts(const RunConfig& config) {
  const auto& host = config.host;
  std::vector<std::string> columns;
  if (!host.cutout_files) return columns;
  const auto add = [&](const config::FileList& list) {
    if (!list.column.empty() && list.table.empty()) columns.push_back(list.column);
  };
  const auto& files = *host.cutout_files;
  add(files.images);
  add(files.weights);
  for (const auto& mask : host.masks) add(mask.beside);
  // A column that the run needs for itself may name the hosts, too.
  const bool is_needed = files.id_column == "injection_id" ||
                         catalogue::find_quantity(files.id_column).has_value();
  if (!files.id_column.empty() && files.images.table.empty() && !is_needed) {
    columns.push_back(files.id_column);
  }
  const std::string table = files.images.column.empty()  ? ""
                            : files.images.table.empty() ? config.catalogue.file
                                                         : files.images.table;
  for (auto& column : psf_columns_of_hosts(config, table)) {
    if (!catalogue::find_quantity(column)) columns.push_back(std::move(column));
  }
  return columns;
}

/// What the hosts of an HDF5 file are called, by `id_dataset`; null without.
std::shared_ptr<const stages::HostIds> ids_of_dataset(
    const config::HostSection& host, const stages::HostCutouts& hosts,
    std::vector<std::string>& noticed) {
  if (host.hdf5_id_dataset.empty()) return nullptr;
  auto texts = read_text_dataset(host.hdf5_file, host.hdf5_id_dataset);
  if (static_cast<std::int64_t>(texts.size()) != hosts.count()) {
    throw DataError(fmt::format("{}: {}: names {} hosts, but there are {}",
                                host.hdf5_file, host.hdf5_id_dataset, texts.size(),
                                hosts.count()));
  }
  auto repeated = repeated_ids(texts, "host.cutouts.id_dataset");
  if (!repeated.empty()) noticed.push_back(std::move(repeated));
  return std::make_shared<const stages::HostIds>(make_host_ids(std::move(texts)));
}

/// What images say of themselves, looked at by the root for all ranks.
void check_on_root(const RunConfig& config, const stages::Inputs& inputs,
                   const parallel::Communicator& world,
                   std::vector<std::string>& noticed) {
  std::vector<std::string> found;
  world.agree([&] {
    if (!world.is_root()) return;
    const auto add = [&](std::vector<std::string> warnings) {
      std::ranges::move(warnings, std::back_inserter(found));
    };
    add(check_headers(config));
    if (inputs.hosts) add(check_weights(config, *inputs.hosts));
    if (inputs.hosts) add(check_masks(config, *inputs.hosts));
    if (inputs.hosts) add(check_unobserved(config, *inputs.hosts));
    if (inputs.hosts) add(check_marked(config, *inputs.hosts));
    if (inputs.noise_maps) add(check_noise_maps(config, *inputs.noise_maps));
  });
  world.broadcast(found);
  std::ranges::move(found, std::back_inserter(noticed));
}

/// The hosts of all rows, each once; empty where that cannot be said without all hosts'
/// fluxes, or saves nothing.
std::vector<std::int64_t> hosts_of_rows(const RunConfig& config,
                                        const std::shared_ptr<stages::Inputs>& inputs) {
  constexpr std::int64_t many_hosts = 1000;
  constexpr std::int64_t rows_at_once = 1024;
  const auto& rows = *inputs->rows;
  if (inputs->hosts->count() < many_hosts || rows.count() >= inputs->hosts->count()) {
    return {};
  }
  // Which host a row has is drawn without a look at the hosts.
  inputs->host_measurements = unmeasured(inputs->hosts->count(), config.bands.size());
  std::vector<std::int64_t> hosts;
  try {
    const auto setup = stages::make_setup(config, inputs);
    for (std::int64_t first = 0; first < rows.count(); first += rows_at_once) {
      const auto block = rows.read(first, std::min(rows_at_once, rows.count() - first));
      for (std::size_t row = 0; row < block.rows(); ++row) {
        hosts.push_back(
            setup.sampler->sample(block.injection_id[row], block.row(row)).host_index);
      }
    }
  } catch (const Error&) {
    return {};  // what is wrong is said where it is met
  }
  std::ranges::sort(hosts);
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  return hosts;
}

/// Measure the hosts, or those that the run's rows have.
void measure(const RunConfig& config, HostsToMeasure which,
             const parallel::Communicator& world,
             const std::shared_ptr<stages::Inputs>& inputs,
             std::vector<std::string>& warnings) {
  std::vector<std::int64_t> only;
  world.agree([&] {
    if (which == HostsToMeasure::of_rows) only = hosts_of_rows(config, inputs);
  });
  auto measured = measure_hosts(
      *inputs->hosts, config.bands,
      config.host.mag_aperture_arcsec / config.host.pixel_scale_arcsec, world, only);
  inputs->host_measurements = std::move(measured.measurements);
  std::ranges::move(measured.warnings, std::back_inserter(warnings));
  if (!inputs->hosts->is_survey()) return;
  std::ranges::move(survey_warnings(*inputs->hosts, config, inputs->psf),
                    std::back_inserter(warnings));
}

}  // namespace

OpenedInputs open_inputs(const RunConfig& config, const parallel::Communicator& world,
                         HostsToMeasure which) {
  OpenedInputs opened;
  const auto inputs = std::make_shared<stages::Inputs>();
  inputs->conflict = config.catalogue.overrides_priors ? catalogue::Conflict::rows_win
                                                       : catalogue::Conflict::error;
  std::vector<std::string> noticed;
  std::shared_ptr<const CatalogueGalaxies> galaxies;
  world.agree([&] {
    for (std::size_t band = 0; band < config.psf.size(); ++band) {
      inputs->psf[band] =
          open_psf(config.psf[band], config.bands[band], config.grid, opened.warnings);
    }
    refuse_bands_as_kernels(config, inputs->psf);
    if (config.host.kind == config::HostKind::cutouts && !config.host.cutout_files) {
      inputs->hosts = config.host.survey
                          ? open_survey_hosts(config, noticed)
                          : open_host_cutouts(config.host, config.bands,
                                              config.grid.stamp_size_pix);
      inputs->host_ids = ids_of_dataset(config.host, *inputs->hosts, noticed);
    }
    if (!config.noise.invvar_files.empty()) {
      inputs->noise_maps = open_invvar_maps(config.noise.invvar_files, config.bands,
                                            config.grid.stamp_size_pix);
    }
    if (config.source.kind == config::SourceKind::galaxies) {
      galaxies = open_source_galaxies(config.source.galaxies);
    }
  });
  OpenedCutouts cutouts;
  if (config.host.cutout_files) {
    cutouts = open_cutout_files(config, world);
    inputs->hosts = cutouts.hosts;
    inputs->host_ids = cutouts.ids;
    std::ranges::move(cutouts.warnings, std::back_inserter(noticed));
  }
  std::vector<InputFile> psf_files;
  if (std::ranges::any_of(config.psf, [](const auto& section) {
        return section.per_host() || !section.position_columns[0].column.empty();
      })) {
    HostNames names = std::move(cutouts.names);
    world.agree([&] {
      if (!config.host.cutout_files && world.is_root()) {
        names = names_of_hosts(config, *inputs, psf_needs_host_table(config));
      }
    });
    psf_files = open_psf_of_hosts(config, names, world, inputs->psf, opened.warnings);
  }
  check_on_root(config, *inputs, world, noticed);
  std::vector<std::string> later = std::move(noticed);
  if (galaxies) {
    auto measured = measure_galaxies(*galaxies, config.source.galaxies, world);
    inputs->galaxies = galaxies;
    inputs->galaxy_measurements = std::move(measured.measurements);
    std::ranges::move(measured.warnings, std::back_inserter(later));
  }
  auto rows = open_rows(config.catalogue, stages::needs_of(config, *inputs), world,
                        columns_of_hosts(config));
  inputs->rows = rows.rows;
  std::ranges::move(rows.warnings, std::back_inserter(later));
  if (!cutouts.host_of_row.empty()) {
    world.agree([&] {
      inputs->rows = std::make_shared<const RowsOnHosts>(
          inputs->rows, std::move(cutouts.host_of_row));
    });
  }
  if (!rows.sky_angles.empty()) {
    world.agree([&] {
      inputs->rows = std::make_shared<const RowsOnSky>(
          inputs->rows, rows.sky_angles, inputs->hosts, config.host, config.priors);
    });
  }
  if (inputs->hosts) {
    measure(config, which, world, inputs, opened.warnings);
  }
  std::ranges::move(later, std::back_inserter(opened.warnings));
  auto files = files_of(config, galaxies.get());
  std::ranges::move(cutouts.files, std::back_inserter(files));
  std::ranges::move(psf_files, std::back_inserter(files));
  opened.files = hashed(std::move(files), world);
  world.agree([&] {
    for (auto& warning : check_shared_images(config, opened.files)) {
      opened.warnings.push_back(std::move(warning));
    }
  });
  opened.inputs = inputs;
  return opened;
}

}  // namespace lensmill::pipeline
