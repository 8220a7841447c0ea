#include "pipeline/field/run_field.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "lib/core/text.hpp"
#include "lib/io/files.hpp"
#include "lib/io/sha256.hpp"
#include "pipeline/archive/config_identity.hpp"
#include "pipeline/field/band_measure.hpp"
#include "pipeline/field/truth_table.hpp"
#include "pipeline/job/job_provenance.hpp"
#include "pipeline/session/require_psfs.hpp"

namespace lensmill::pipeline {
namespace {

using parallel::Communicator;

constexpr double gib = 1024.0 * 1024.0 * 1024.0;

/// The files that the section `field` names, with their digests. \collective
void add_inputs(const FieldConfig& config, const Communicator& world,
                Provenance& provenance) {
  std::vector<InputFile> files;
  const auto add = [&](const std::string& role, const std::string& path) {
    if (!path.empty()) files.push_back({.role = role, .path = path, .sha256 = {}});
  };
  for (std::size_t b = 0; b < config.field.base.size(); ++b) {
    const auto& base = config.field.base[b];
    const auto& band = config.run.bands[b];
    add("field image " + band, base.image);
    add("field invvar " + band, base.invvar);
    add("field exposures " + band, base.exposures);
    for (const auto& mask : base.masks) add("field mask " + band, mask.file);
  }
  for (std::size_t b = 0; b < config.field.psf_map.size(); ++b) {
    add("field psf_map " + config.run.bands[b], config.field.psf_map[b]);
  }
  const auto& positions = config.field.positions;
  if (positions.file) add("field positions", positions.file->file);
  if (positions.avoid) add("field objects to avoid", positions.avoid->file);
  world.agree([&] {
    if (!world.is_root()) return;
    for (auto& file : files) file.sha256 = io::sha256_of_file(file.path);
  });
  for (auto& file : files) {
    world.broadcast(file.sha256);
    provenance.inputs.push_back(std::move(file));
  }
}

/// More rows that could not be rendered than the configuration allows: said when all is
/// written. What the scene left out (off the image, no data) does not count.
void check_failures(const Table& truth, const FieldConfig& config) {
  const auto status = find_column(truth, "status")->values<std::int32_t>();
  const auto flags = find_column(truth, "field_flags")->values<std::int32_t>();
  constexpr std::int32_t left_out =
      flag_off_image | flag_psf_range | flag_no_data | flag_avoided;
  std::int64_t failed = 0;
  std::int64_t tried = 0;
  for (std::size_t k = 0; k < status.size(); ++k) {
    if ((flags[k] & left_out) != 0) continue;
    ++tried;
    if (is_failure(static_cast<Status>(status[k]))) ++failed;
  }
  const double allowed = config.run.run.max_failed_fraction;
  if (static_cast<double>(failed) <= allowed * static_cast<double>(tried)) return;
  throw DataError(
      fmt::format("{} of {} injections failed, more than run.max_failed_fraction "
                  "({:g}); the field is "
                  "complete, their statuses are in the truth table",
                  grouped(failed), grouped(tried), allowed));
}

/// Remove what a field has written, whatever its bands.
void remove_field(const FieldFolder& folder) {
  namespace fs = std::filesystem;
  const auto remove_in = [](const std::string& path, const auto& is_ours) {
    if (!io::is_folder(path)) return;
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(path)) {
      if (is_ours(entry.path().filename().string())) found.push_back(entry.path());
    }
    for (const auto& file : found) io::remove_file(file);
  };
  remove_in(folder.bands(),
            [](const std::string& name) { return name.ends_with(".h5"); });
  remove_in(folder.path(), [](const std::string& name) {
    const auto begins = [&](const char* what) { return name.starts_with(what); };
    return name.ends_with(".fits") && (begins("image-") || begins("empty-") ||
                                       begins("invvar-") || begins("mask-"));
  });
  for (const auto& file : {folder.truth_fits(), folder.truth_h5(), folder.config()}) {
    io::remove_file(file);
  }
}

/// The folder ready for work; what is there and must not be is refused or removed.
void prepare(const FieldFolder& folder, const FieldConfig& config,
             const FieldIdentity& identity, const Provenance& provenance,
             ExistingField existing) {
  if (existing == ExistingField::overwrite) remove_field(folder);
  if (io::exists(folder.config())) {
    if (existing == ExistingField::refuse) {
      throw ConfigError(
          fmt::format("{}: there is a field already; --resume goes on with it, "
                      "--overwrite makes it "
                      "anew, --output takes another folder",
                      folder.path()));
    }
    const auto before = config_hash(io::read_text(folder.config()), provenance.inputs);
    if (before != identity.config_hash) {
      throw ConfigError(fmt::format(
          "{}: was made by another configuration; give --output another folder, or "
          "--overwrite",
          folder.config()));
    }
  }
  io::make_folders(folder.bands());
  io::check_writable(folder.path());
  if (!io::exists(folder.config())) {
    io::write_text(folder.config(), config.run.resolved_yaml);
  }
}

/// The fewest ranks with which the field keeps to its memory; 0: none do.
int ranks_that_do(const canvas::CanvasGeometry& geometry, std::size_t terms,
                  std::int64_t entries, const FieldConfig& config, double limit) {
  for (int ranks = 1; ranks <= geometry.fft_ny; ++ranks) {
    if (memory_of(geometry, terms, entries, config, ranks).total() <= limit) {
      return ranks;
    }
  }
  return 0;
}

/// The whole of one field, ready to be made.
struct Plan {
  Scene scene;
  std::vector<canvas::PsfBasis> psf;  ///< [band]
  canvas::CanvasGeometry geometry;
  std::size_t most_terms = 1;
  FieldMemory memory;
};

Plan make_plan(const FieldConfig& config, const Session& session, int ranks,
               const Communicator& world, Log& log) {
  Plan plan{.scene = make_scene(config, session, world, log),
            .psf = {},
            .geometry = {},
            .memory = {}};
  world.agree([&] {
    int reach = 0;
    for (int band = 0; band < config.run.band_count(); ++band) {
      plan.psf.push_back(psf_basis_of(band, config, session, plan.scene));
      reach = std::max(reach, plan.psf.back().reach());
      plan.most_terms = std::max(plan.most_terms, plan.psf.back().terms());
    }
    plan.geometry = canvas::make_geometry(plan.scene.ny_pix, plan.scene.nx_pix,
                                          session.setup.lattice.oversample, reach);
  });
  const auto entries = static_cast<std::int64_t>(plan.scene.entries.size());
  plan.memory = memory_of(plan.geometry, plan.most_terms, entries, config, ranks);
  const double limit = config.field.memory_per_rank_gib * gib;
  const auto& g = plan.geometry;
  log.result(fmt::format(
      "field:  {} x {} pix, lattice {} x {} ({} per pixel), {} injections in pass {} "
      "of "
      "{}, {} bands, at most {} PSF terms\n"
      "memory: {:.2f} GiB on each of {} rank{} (canvas {:.2f}, images {:.2f}, other "
      "{:.2f})",
      g.nx_pix, g.ny_pix, g.fft_nx, g.fft_ny, g.oversample, grouped(entries),
      config.field.pass, plan.scene.passes, config.run.band_count(), plan.most_terms,
      plan.memory.total() / gib, ranks, ranks == 1 ? "" : "s", plan.memory.canvas / gib,
      plan.memory.images / gib, plan.memory.other / gib));
  if (plan.memory.total() <= limit) return plan;
  const int enough = ranks_that_do(g, plan.most_terms, entries, config, limit);
  throw ConfigError(fmt::format(
      "field.memory_per_rank_gib: {} rank{} need {:.2f} GiB each, {:g} are allowed; {}",
      ranks, ranks == 1 ? "" : "s", plan.memory.total() / gib,
      config.field.memory_per_rank_gib,
      enough > 0 ? fmt::format("{} ranks would do, or allow more", enough)
                 : "allow more, or make smaller fields"));
}

std::string timing_line(const FieldTimings& spent, const Communicator& world) {
  const auto most = [&](double seconds) { return world.maximum(seconds); };
  const double render = most(spent.render);
  const double exchange = most(spent.exchange);
  const double transform = most(spent.transform);
  const double measure = most(spent.measure);
  const double write = most(spent.write);
  return fmt::format(
      "seconds (slowest rank): render {:.1f}, exchange {:.1f}, transform {:.1f}, "
      "measure "
      "{:.1f}, write {:.1f}",
      render, exchange, transform, measure, write);
}

}  // namespace

ExitCode run_field(const FieldConfig& config, const FieldOptions& options,
                   const Communicator& world, Log& log) {
  const auto level = agree_on_level(world, "");
  const Session session = open_session(config.run, world, log);
  const FieldFolder folder(config.run.output.directory);
  const auto psf_check = require_psfs(session, world, log);
  const auto plan = make_plan(config, session,
                              options.planned_ranks.value_or(world.size()), world, log);
  if (options.dry_run) return ExitCode::ok;
  auto provenance =
      make_provenance(session, options.command_line, psf_check, level, world);
  add_inputs(config, world, provenance);
  const FieldIdentity identity{
      .config_hash = config_hash(config.run.resolved_yaml, provenance.inputs),
      .ranks = world.size()};
  share_facts(provenance, world);
  std::vector<std::int64_t> made(config.run.bands.size());
  world.agree([&] {
    if (!world.is_root()) return;
    prepare(folder, config, identity, provenance, options.existing);
    for (std::size_t b = 0; b < made.size(); ++b) {
      made[b] = band_is_made(folder, config.run.bands[b], identity) ? 1 : 0;
    }
  });
  world.broadcast(made);

  FieldTimings timings;
  if (std::ranges::count(made, 0) > 0) {
    // Light that is kept from band to band takes what memory is left.
    const double left = config.field.memory_per_rank_gib * gib - plan.memory.total();
    FieldCanvas canvas(config, session, plan.scene, plan.geometry, left, world, log);
    for (int band = 0; band < config.run.band_count(); ++band) {
      const auto b = static_cast<std::size_t>(band);
      const auto& name = config.run.bands[b];
      if (made[b] != 0) {
        log.info(name + ": made before");
        continue;
      }
      BandSlabs slabs;
      auto arcs = canvas.arcs(band, plan.psf[b], timings);
      auto sky = unit_sky(band, config, plan.scene, canvas.image_rows(), world);
      world.agree([&] {
        slabs = make_images(band, std::move(arcs), std::move(sky), config, plan.scene);
      });
      if (config.field.by_kind) {
        slabs.arc_saddle =
            canvas.arcs(band, plan.psf[b], timings, lens::ImageKind::saddle);
        slabs.arc_maximum =
            canvas.arcs(band, plan.psf[b], timings, lens::ImageKind::maximum);
      }
      const auto injections = measure_band(band, slabs, config, session, plan.scene,
                                           canvas, world, timings);
      const Stopwatch watch(timings.write);
      const auto mask = mask_of(slabs, config, plan.scene);
      const auto bits = mask_bit_names(band, config);
      write_band_fits(folder, name, slabs, mask, bits, canvas.image_rows(), config,
                      plan.scene, identity, world);
      write_band_file(folder, name, slabs, mask, injections, band_columns(config, name),
                      bits, plan.scene.entries.size(), plan.scene.ny_pix, identity,
                      provenance, world);
      log.info(name + ": written");
    }
  }
  Table truth;
  world.agree([&] {
    if (!world.is_root()) return;
    truth = truth_table(config, session, plan.scene, folder);
    write_truth(truth, config, plan.scene, folder, identity, provenance);
    log.result(truth_text(truth, config));
  });
  log.info(timing_line(timings, world));
  log.info(folder.path() + ": complete");
  world.agree([&] {
    if (world.is_root()) check_failures(truth, config);
  });
  return ExitCode::ok;
}

}  // namespace lensmill::pipeline
