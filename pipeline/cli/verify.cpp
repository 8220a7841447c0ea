#include "pipeline/archive/verify_shards.hpp"
#include "pipeline/rerender/verify_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/text.hpp"
#include "pipeline/cli/command.hpp"

namespace lensmill::pipeline::cli {
namespace {

constexpr std::size_t shown_problems = 20;

void say(const std::vector<std::string>& problems, Log& log) {
  for (std::size_t k = 0; k < std::min(problems.size(), shown_problems); ++k) {
    log.result("  " + problems[k]);
  }
  if (problems.size() > shown_problems) {
    log.result(fmt::format("  ... and {} more", problems.size() - shown_problems));
  }
}

ExitCode run(const po::variables_map& values, const Context& context) {
  const auto sample = values["sample"].as<std::int64_t>();
  if (sample < 0) throw UsageError("verify: --sample: must be >= 0");
  const auto run = open_run(values["RUN"].as<std::string>(), context.world);
  auto& log = context.log;

  const auto shards = verify_shards(run, context.world, log);
  log.result(fmt::format("{} of {}{} shards are whole; {} read back: {}", shards.shards,
                         run.lacks_rows() ? "at least " : "",
                         run.plan.shards() + (run.lacks_rows() ? 1 : 0),
                         bytes_text(static_cast<double>(shards.bytes)),
                         shards.problems.empty()
                             ? "every checksum agrees"
                             : fmt::format("{} problems", shards.problems.size())));
  say(shards.problems, log);
  if (!shards.lacks.empty()) log.warning(shards.lacks);
  bool good = shards.problems.empty();
  if (sample > 0 && shards.other_config) {
    log.result("no rows rendered again: run.yaml is not the shards' configuration");
  } else if (sample > 0) {
    const auto rows = verify_rows(run, sample, context.world, log);
    log.result(fmt::format("{} rows rendered again and compared {}: {}",
                           rows.rows_rendered, rows.comparison,
                           rows.problems.empty()
                               ? "all agree"
                               : fmt::format("{} differences", rows.problems.size())));
    say(rows.problems, log);
    good = good && rows.problems.empty();
  }
  // Only the root has looked at everything.
  good = context.world.all(good);
  log.result(!good                  ? "NOT verified"
             : shards.lacks.empty() ? "verified"
                                    : "verified, as far as format version 1 allows");
  return good ? ExitCode::ok : ExitCode::bad_data;
}

}  // namespace

Command verify_command() {
  Command command{
      .name = "verify",
      .summary = "check a run: completeness, checksums, rows rendered again",
      .usage = "lensmill verify RUN [--sample N]",
      .positional = "RUN",
      .positional_help = "the run's folder",
      .example =
          "  mpirun -n 2 lensmill verify runs/seed_gen5 --sample 100\n"
          "Ends with 65 when anything is missing or differs.\n",
      .options = po::options_description("Options", 88),
      .run = run};
  command.options.add_options()(
      "sample", po::value<std::int64_t>()->default_value(20)->value_name("N"),
      "rows to render again and compare byte for byte; 0: none");
  return command;
}

}  // namespace lensmill::pipeline::cli
