#include "pipeline/inputs/open_inputs.hpp"

#include <map>

#include "lib/io/sha256.hpp"
#include "pipeline/inputs/host_cutouts.hpp"
#include "pipeline/inputs/measure_hosts.hpp"
#include "pipeline/inputs/open_psf.hpp"
#include "pipeline/inputs/open_rows.hpp"
#include "pipeline/inputs/survey_hosts.hpp"
#include "stages/factory.hpp"

namespace lensmill::pipeline {
namespace {

using config::RunConfig;

std::vector<InputFile> files_of(const RunConfig& config) {
  std::vector<InputFile> files;
  const auto add = [&](std::string role, const std::string& path) {
    files.push_back({.role = std::move(role), .path = path, .sha256 = {}});
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
  return files;
}

std::vector<InputFile> hashed(std::vector<InputFile> files,
                              const parallel::Communicator& world) {
  std::vector<std::string> digests(files.size());
  world.agree([&] {
    if (!world.is_root()) return;
    std::map<std::string, std::string> known;  // a file may serve several bands
    for (std::size_t i = 0; i < files.size(); ++i) {
      auto& digest = known[files[i].path];
      if (digest.empty()) digest = io::sha256_of_file(files[i].path);
      digests[i] = digest;
    }
  });
  world.broadcast(digests);
  for (std::size_t i = 0; i < files.size(); ++i) {
    files[i].sha256 = std::move(digests[i]);
  }
  return files;
}

}  // namespace

OpenedInputs open_inputs(const RunConfig& config, const parallel::Communicator& world) {
  OpenedInputs opened;
  const auto inputs = std::make_shared<stages::Inputs>();
  inputs->conflict = config.catalogue.overrides_priors ? catalogue::Conflict::rows_win
                                                       : catalogue::Conflict::error;
  std::vector<std::string> geometry;
  world.agree([&] {
    for (std::size_t band = 0; band < config.psf.size(); ++band) {
      inputs->psf[band] = open_psf(config.psf[band], config.bands[band], config.grid);
    }
    if (config.host.kind == config::HostKind::cutouts) {
      inputs->hosts = config.host.survey
                          ? open_survey_hosts(config, geometry)
                          : open_host_cutouts(config.host, config.bands,
                                              config.grid.stamp_size_pix);
    }
  });
  if (inputs->hosts) {
    auto measured = measure_hosts(
        *inputs->hosts, config.bands,
        config.host.mag_aperture_arcsec / config.host.pixel_scale_arcsec, world);
    inputs->host_measurements = std::move(measured.measurements);
    opened.warnings = std::move(measured.warnings);
    for (auto& warning : geometry) opened.warnings.push_back(std::move(warning));
    if (inputs->hosts->is_survey()) {
      for (auto& warning : survey_warnings(*inputs->hosts, config, inputs->psf)) {
        opened.warnings.push_back(std::move(warning));
      }
    }
  }
  inputs->rows = open_rows(config.catalogue, stages::needs_of(config, *inputs), world);
  opened.files = hashed(files_of(config), world);
  opened.inputs = inputs;
  return opened;
}

}  // namespace lensmill::pipeline
