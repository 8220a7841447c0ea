#include "pipeline/probe/probe.hpp"

#include <cmath>

#include "lib/io/files.hpp"
#include "pipeline/archive/files_of_run.hpp"
#include "pipeline/cli/command.hpp"

namespace lensmill::pipeline::cli {
namespace {

// What one message between ranks and the memory of one node can take.
constexpr std::int64_t most_rows = 50000;
constexpr double most_mag_offset = 10.0;
constexpr std::int64_t fewest_rows = fewest_train_rows + 2 * fewest_other_rows;

ProbeRequest request_from(const po::variables_map& values) {
  ProbeRequest request{.rows = values["rows"].as<std::int64_t>(),
                       .mask_radius_pix = {},
                       .arc_mag_offset = values["arc-mag-offset"].as<double>(),
                       .dropout_rate = values["dropout-rate"].as<double>()};
  if (!(std::abs(request.arc_mag_offset) <= most_mag_offset)) {
    throw UsageError("probe: --arc-mag-offset: must be in [-10, 10]");
  }
  if (!(request.dropout_rate > 0.0 && request.dropout_rate < 1.0)) {
    throw UsageError("probe: --dropout-rate: must be in (0, 1)");
  }
  if (request.rows < fewest_rows || request.rows > most_rows) {
    throw UsageError("probe: --rows: must be in [" + std::to_string(fewest_rows) +
                     ", " + std::to_string(most_rows) + "]");
  }
  if (values.contains("mask-radius")) {
    request.mask_radius_pix = values["mask-radius"].as<double>();
    if (!(*request.mask_radius_pix > 0.0) || !std::isfinite(*request.mask_radius_pix)) {
      throw UsageError("probe: --mask-radius: must be > 0");
    }
  }
  return request;
}

ExitCode run(const po::variables_map& values, const Context& context) {
  const auto request = request_from(values);
  const auto run = open_run(values["RUN"].as<std::string>(), context.world);
  const auto report = run_probe(run, request, context.world, context.log);
  context.log.result(probe_text(report));
  context.world.agree([&] {
    if (!context.world.is_root()) return;
    const std::string folder = analysis_folder(run.folder);
    io::make_folders(folder);
    io::write_text(folder + "/probe.json", probe_json(report));
    io::write_text(folder + "/probe.csv", probe_csv(report));
    context.log.info(folder + "/probe.json, probe.csv: written");
  });
  return ExitCode::ok;
}

}  // namespace

Command probe_command() {
  Command command{
      .name = "probe",
      .summary = "the shortcut: what classifiers learn from core and annulus",
      .usage = "lensmill probe RUN [options]",
      .positional = "RUN",
      .positional_help = "the run's folder",
      .example =
          "  mpirun -n 2 lensmill probe runs/seed_gen5 --rows 4000\n"
          "renders a sample of the rows again as they are, without counter-image, "
          "core,\n"
          "PSF, ..., and ranks these by the AUC that a classifier of the core has "
          "left.\n"
          "Writes RUN/analysis/probe.json and probe.csv.\n",
      .options = po::options_description("Options", 88),
      .run = run};
  command.options.add_options()(
      "rows", po::value<std::int64_t>()->default_value(4000)->value_name("N"),
      "rows to draw from the run")(
      "mask-radius", po::value<double>()->value_name("K"),
      "radius of the core mask and the taper, pixels; default: that of the core "
      "aperture (the one of measure.aperture_radius_pix nearest 5)")(
      "arc-mag-offset", po::value<double>()->default_value(0.0, "0")->value_name("MAG"),
      "make all arcs this much fainter")(
      "dropout-rate", po::value<double>()->default_value(0.5, "0.5")->value_name("P"),
      "share of the rows to train with whose core is masked in core_dropout");
  return command;
}

}  // namespace lensmill::pipeline::cli
