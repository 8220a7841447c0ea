#include "pipeline/job/run_job.hpp"

#include "pipeline/cli/command.hpp"
#include "pipeline/cli/config_options.hpp"

namespace lensmill::pipeline::cli {
namespace {

Existing existing_from(const po::variables_map& values) {
  const bool resume = values.contains("resume");
  const bool overwrite = values.contains("overwrite");
  const bool extend = values.contains("extend");
  if (static_cast<int>(resume) + static_cast<int>(overwrite) +
          static_cast<int>(extend) >
      1) {
    throw UsageError("run: --resume, --overwrite and --extend exclude each other");
  }
  if (overwrite && values.contains("shards")) {
    throw UsageError(
        "run: --overwrite with --shards would remove other jobs' shards; remove the "
        "run "
        "first, or run without --shards");
  }
  if (resume) return Existing::resume;
  if (extend) return Existing::extend;
  return overwrite ? Existing::overwrite : Existing::refuse;
}

ExitCode run(const po::variables_map& values, const Context& context) {
  RunOptions options{
      .prepare = {.existing = existing_from(values),
                  .accept_different_build = values.contains("accept-different-build"),
                  .verify_existing = values.contains("verify-existing")},
      .shards = {},
      .gated_by = {},
      .dry_run = values.contains("dry-run"),
      .command_line = context.command_line};
  if (values.contains("shards")) options.shards = values["shards"].as<std::string>();
  if (values.contains("gated-by")) {
    options.gated_by = values["gated-by"].as<std::vector<std::string>>();
  }
  return run_job(config_from(values, context), options, context.world, context.log);
}

}  // namespace

Command run_command() {
  Command command{.name = "run",
                  .summary = "make a run: stamps, catalogue, measurements",
                  .usage = "lensmill run CONFIG [options]",
                  .positional = "CONFIG",
                  .positional_help = "the configuration (YAML)",
                  .example =
                      "  mpirun -n 2 lensmill run configs/quickstart.yaml --output "
                      "/tmp/first\n"
                      "  lensmill run configs/quickstart.yaml --set "
                      "catalogue.sampled.count=50\n",
                  .options = po::options_description("Options", 88),
                  .run = run};
  add_config_options(command.options);
  command.options.add_options()("resume",
                                "continue the run that is there: make what is missing")(
      "overwrite", "remove the run that is there and begin anew")(
      "extend", "continue a run whose only change is a larger number of rows")(
      "shards", po::value<std::string>()->value_name("A-B"),
      "make only these shards (job arrays; then `lensmill finalize`)")(
      "gated-by", po::value<std::vector<std::string>>()->value_name("RUN"),
      "folder of a run that decided that this one is made (a pilot): kept in "
      "provenance.json; may be given again")(
      "dry-run", "open and check everything, print the resolved configuration, stop")(
      "accept-different-build",
      "continue a run of another build or instruction-set level")(
      "verify-existing",
      "keep a finished shard only if every checksum of its data agrees (reads them "
      "all)");
  return command;
}

}  // namespace lensmill::pipeline::cli
