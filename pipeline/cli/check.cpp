#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "lib/core/text.hpp"
#include "lib/imaging/colour_picture.hpp"
#include "lib/io/png.hpp"
#include "pipeline/archive/files_of_run.hpp"
#include "pipeline/cli/check_field.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/cli/config_options.hpp"
#include "pipeline/cli/output_file.hpp"
#include "pipeline/session/cost.hpp"
#include "pipeline/session/forecast.hpp"
#include "pipeline/session/margin_check.hpp"
#include "pipeline/session/plausibility.hpp"
#include "pipeline/session/psf_check.hpp"

namespace lensmill::pipeline::cli {
namespace {

constexpr double timing_seconds = 2.0;

/// Free bytes where the folder is or would be made; nothing if that cannot be told.
std::string free_space(std::filesystem::path folder) {
  std::error_code error;
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  const auto space = std::filesystem::space(folder, error);
  if (error) return "";
  return fmt::format(", {} free there",
                     bytes_text(static_cast<double>(space.available)));
}

std::string cost_text(const Session& session, const RunCost& cost,
                      const RunForecast& forecast, std::int64_t shards, int ranks,
                      double disk_mb_per_s) {
  return fmt::format(
      "time:   {} on {} rank{} ({:.0f} injections/s per rank, from {} rows rendered "
      "here){}\n"
      "disk:   {} in {} shard{} of {} rows ({} per row); {} to write at {} MB/s{}\n"
      "files:  {}: {} in shards/ of {} each, and {} beside them\n"
      "memory: about {} MiB per rank\n"
      "stop:   a shard is {} of one rank's work, shared by its group; a signal waits "
      "for shards in flight\n",
      duration_text(forecast.seconds), ranks, ranks == 1 ? "" : "s",
      1.0 / cost.seconds_per_row, cost.rows_timed,
      forecast.writing_seconds > forecast.compute_seconds ? "; the disk is the limit"
                                                          : "",
      bytes_text(forecast.bytes), shards, shards == 1 ? "" : "s",
      session.plan.rows_per_shard, bytes_text(static_cast<double>(cost.row_bytes)),
      duration_text(forecast.writing_seconds), disk_mb_per_s,
      free_space(session.config.output.directory), grouped(forecast.files),
      grouped(shards), bytes_text(forecast.shard_bytes), forecast.files - shards,
      cost.memory_bytes >> 20, duration_text(forecast.shard_seconds));
}

// A contact sheet: pairs side by side, some to a line.
constexpr std::size_t sheet_columns = 6;
constexpr std::size_t sheet_lines = 4;
constexpr int sheet_gap_pix = 4;
constexpr int sheet_pair_pix = 128;  // at least, of a stamp

/// Negative and positive beside each other, in the positive's stretch.
imaging::Picture pair_picture(const SamplePair& pair) {
  const auto views = [](const std::vector<Image<float>>& bands) {
    std::vector<ImageView<const float>> result;
    for (const auto& band : bands) result.push_back(band.view());
    return result;
  };
  const auto scale = imaging::brightness_scale(views(pair.positive));
  const std::vector<imaging::Picture> both{
      imaging::colour_picture(views(pair.negative), scale),
      imaging::colour_picture(views(pair.positive), scale)};
  const int zoom = std::max(1, sheet_pair_pix / both[0].ny);
  return imaging::side_by_side(both, zoom, 0);
}

void write_sheet(const std::string& path, const std::vector<SamplePair>& pairs) {
  if (pairs.empty()) throw DataError("check: --png: no row of the sample has images");
  std::vector<imaging::Picture> lines;
  // Whole lines, so that all are equally wide; one that is not full if it is the only.
  const std::size_t columns = std::min(sheet_columns, pairs.size());
  for (std::size_t first = 0; first + columns <= pairs.size(); first += columns) {
    std::vector<imaging::Picture> line;
    for (std::size_t k = first; k < first + columns; ++k) {
      line.push_back(pair_picture(pairs[k]));
    }
    lines.push_back(imaging::side_by_side(line, 1, sheet_gap_pix));
  }
  const auto sheet = imaging::stacked(lines, sheet_gap_pix);
  io::write_png(path, sheet.rgb, sheet.ny, sheet.nx);
}

/// What kernels are like: all of it if it is asked for or bad; else a line.
std::string psf_text(const PsfCheck& check, bool verbose) {
  if (verbose || check.failed > 0) return check.text;
  std::string text = counts_text(check) + " (--verbose prints each)\n" + check.worst;
  for (const auto& note : check.notes) text += note + "\n";
  return text;
}

/// The arguments of jobs/regenerate.sbatch that make this run.
std::vector<std::string> job_arguments(const po::variables_map& values,
                                       const Session& session) {
  std::vector<std::string> arguments{values["CONFIG"].as<std::string>(),
                                     session.config.output.directory};
  if (values.contains("catalogue")) {
    arguments.insert(arguments.end(),
                     {"--catalogue", values["catalogue"].as<std::string>()});
  }
  if (values.contains("set")) {
    for (const auto& text : values["set"].as<std::vector<std::string>>()) {
      arguments.insert(arguments.end(), {"--set", text});
    }
  }
  return arguments;
}

ExitCode run(const po::variables_map& values, const Context& context) {
  const auto ranks = values["ranks"].as<int>();
  const auto disk = values["disk-mb-per-s"].as<double>();
  if (ranks < 1 || !(disk > 0.0)) {
    throw UsageError("check: --ranks and --disk-mb-per-s must be positive");
  }
  const bool draws = values.contains("png");
  if (draws) {
    context.world.agree([&] {
      if (!context.world.is_root()) return;
      check_output_files({{"check: --png", values["png"].as<std::string>(),
                           "a PNG picture", std::string(png_signature), ".png"}},
                         {values["CONFIG"].as<std::string>()});
    });
  }
  const auto config = config_from(values, context);
  context.world.agree([&] {
    check_lengths_of_names(RunFolder(config.output.directory, config.run.name));
  });
  const Session session = open_session(config, context.world, context.log);
  context.log.result(session.config.resolved_yaml);
  PsfCheck psf;
  context.world.agree([&] {
    if (!context.world.is_root()) return;
    psf = check_psfs(session.setup, session.opened.inputs);
    context.log.result(psf_text(psf, values.contains("verbose")));
    std::vector<SamplePair> pairs;
    const auto sample = check_plausibility(session, draws ? &pairs : nullptr,
                                           sheet_columns * sheet_lines);
    context.log.result(sample.text());
    if (sample.hopeless()) {
      throw DataError(fmt::format(
          "none of {} rows of the sample can be rendered; see their statuses above",
          sample.rows));
    }
    if (draws) {
      write_sheet(values["png"].as<std::string>(), pairs);
      context.log.info(values["png"].as<std::string>() + ": negatives and positives");
    }
    const MarginCheck margin = check_margin(session);
    if (margin.rows > 0) context.log.result(margin.text());
    if (margin.short_rows > 0) context.log.warning(margin.warning());
    const RunCost cost = estimate_cost(session, timing_seconds);
    ShardPlan plan = session.plan;
    RunCost per_row = cost;  // of the catalogue's rows, kept or not
    if (sample.selection) {
      const auto expected =
          expect_selection(sample.selection->counts, plan, session.wanted_rows(),
                           session.config.catalogue.keep.min_acceptance);
      context.log.result("keep:   " + to_text(expected, session.wanted_rows(), cost));
      plan = expected.plan;
      per_row.row_bytes = static_cast<std::size_t>(expected.acceptance *
                                                   static_cast<double>(cost.row_bytes));
    }
    const RunForecast forecast = forecast_run(plan, per_row, ranks, disk);
    context.log.result(cost_text(session, cost, forecast, plan.shards(), ranks, disk));
    context.log.result("job:    " + sbatch_line(forecast, cost, ranks,
                                                job_arguments(values, session)));
  });
  check_field(values, context, ranks);
  context.world.broadcast(psf.failed);
  const bool refused = psf.failed > 0 && !session.config.accept_failed_self_test;
  context.log.result(
      fmt::format("{} rows, {} PSFs tested, {} failed: {}",
                  grouped(session.wanted_rows()), psf.tested, psf.failed,
                  refused ? "this configuration will be refused" : "ready to run"));
  return refused ? ExitCode::config : ExitCode::ok;
}

}  // namespace

Command check_command() {
  Command command{
      .name = "check",
      .summary = "validate a configuration; what it will take, and the job for it",
      .usage = "lensmill check CONFIG [options]",
      .positional = "CONFIG",
      .positional_help = "the configuration (YAML)",
      .example =
          "  lensmill check configs/seed_gen5.yaml --ranks 64 "
          "--set catalogue.sampled.count=12000000\n",
      .options = po::options_description("Options", 88),
      .run = run};
  add_config_options(command.options);
  command.options.add_options()("ranks",
                                po::value<int>()->default_value(1)->value_name("N"),
                                "ranks that the run will have")(
      "disk-mb-per-s", po::value<double>()->default_value(500.0)->value_name("X"),
      "sustained write speed of the output's disk")(
      "png", po::value<std::string>()->value_name("FILE"),
      "a contact sheet of sampled pairs")("verbose",
                                          "the self-test's table of every PSF");
  return command;
}

}  // namespace lensmill::pipeline::cli
