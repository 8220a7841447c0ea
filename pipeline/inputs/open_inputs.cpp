#include "pipeline/inputs/open_inputs.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "lib/io/sha256.hpp"
#include "pipeline/inputs/check_images.hpp"
#include "pipeline/inputs/check_weights.hpp"
#include "pipeline/inputs/host_cutouts.hpp"
#include "pipeline/inputs/invvar_maps.hpp"
#include "pipeline/inputs/measure_galaxies.hpp"
#include "pipeline/inputs/measure_hosts.hpp"
#include "pipeline/inputs/open_psf.hpp"
#include "pipeline/inputs/open_rows.hpp"
#include "pipeline/inputs/source_galaxies.hpp"
#include "pipeline/inputs/survey_hosts.hpp"
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
    }
    add("host positions", survey->positions.file);
  } else if (config.host.kind == config::HostKind::cutouts) {
    if (!config.host.hdf5_file.empty()) add("host", config.host.hdf5_file);
    for (const auto& band : config.bands) {
      const auto& [cubes, invvar] =
          std::tie(config.host.files, config.host.invvar_files);
      if (cubes.contains(band)) add("host " + band, cubes.at(band));
      if (invvar.contains(band)) add("host invvar " + band, invvar.at(band));
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

/// The root's list with digests, on every rank: only the root has read the user's
/// configuration, in which files stand that the resolved one no longer needs.
std::vector<InputFile> hashed(std::vector<InputFile> files,
                              const parallel::Communicator& world) {
  std::vector<std::string> roles;
  std::vector<std::string> paths;
  std::vector<char> resolved;
  for (const auto& file : files) {
    roles.push_back(file.role);
    paths.push_back(file.path);
    resolved.push_back(file.resolved ? 1 : 0);
  }
  world.broadcast(roles);
  world.broadcast(paths);
  world.broadcast(resolved);
  std::vector<std::string> digests(paths.size());
  world.agree([&] {
    if (!world.is_root()) return;
    std::map<std::string, std::string> known;  // a file may serve several bands
    for (std::size_t i = 0; i < paths.size(); ++i) {
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
    if (inputs.noise_maps) add(check_noise_maps(config, *inputs.noise_maps));
  });
  world.broadcast(found);
  std::ranges::move(found, std::back_inserter(noticed));
}

}  // namespace

OpenedInputs open_inputs(const RunConfig& config, const parallel::Communicator& world) {
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
    if (config.host.kind == config::HostKind::cutouts) {
      inputs->hosts = config.host.survey
                          ? open_survey_hosts(config, noticed)
                          : open_host_cutouts(config.host, config.bands,
                                              config.grid.stamp_size_pix);
    }
    if (!config.noise.invvar_files.empty()) {
      inputs->noise_maps = open_invvar_maps(config.noise.invvar_files, config.bands,
                                            config.grid.stamp_size_pix);
    }
    if (config.source.kind == config::SourceKind::galaxies) {
      galaxies = open_source_galaxies(config.source.galaxies);
    }
  });
  check_on_root(config, *inputs, world, noticed);
  if (inputs->hosts) {
    auto measured = measure_hosts(
        *inputs->hosts, config.bands,
        config.host.mag_aperture_arcsec / config.host.pixel_scale_arcsec, world);
    inputs->host_measurements = std::move(measured.measurements);
    for (auto& warning : measured.warnings) {
      opened.warnings.push_back(std::move(warning));
    }
    if (inputs->hosts->is_survey()) {
      for (auto& warning : survey_warnings(*inputs->hosts, config, inputs->psf)) {
        opened.warnings.push_back(std::move(warning));
      }
    }
  }
  for (auto& warning : noticed) opened.warnings.push_back(std::move(warning));
  if (galaxies) {
    auto measured = measure_galaxies(*galaxies, config.source.galaxies, world);
    inputs->galaxies = galaxies;
    inputs->galaxy_measurements = std::move(measured.measurements);
    for (auto& warning : measured.warnings) {
      opened.warnings.push_back(std::move(warning));
    }
  }
  std::vector<std::string> conversions;
  inputs->rows = open_rows(config.catalogue, stages::needs_of(config, *inputs), world,
                           conversions);
  for (auto& warning : conversions) opened.warnings.push_back(std::move(warning));
  opened.files = hashed(files_of(config, galaxies.get()), world);
  world.agree([&] {
    for (auto& warning : check_shared_images(config, opened.files)) {
      opened.warnings.push_back(std::move(warning));
    }
  });
  opened.inputs = inputs;
  return opened;
}

}  // namespace lensmill::pipeline
