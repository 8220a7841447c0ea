#include <unistd.h>

#include <cerrno>
#include <iostream>

#include "lib/io/files.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/cli/config_options.hpp"
#include "pipeline/on_demand/serve.hpp"

namespace lensmill::pipeline::cli {
namespace {

bool to_stdout(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

RowRenderer renderer_of(const po::variables_map& values, const Context& context) {
  const auto& source = values["SOURCE"].as<std::string>();
  const bool is_run = io::is_folder(source);
  const bool accepts = values.contains("accept-different-build");
  if (!is_run) {
    if (accepts) {
      throw UsageError(
          "render: --accept-different-build: concerns a run's rows, and SOURCE is a "
          "configuration");
    }
    return {read_config(source, overrides_from(values), context.world, context.log),
            context.world, context.log};
  }
  if (!overrides_from(values).empty()) {
    throw UsageError(
        "render: --set, --catalogue, --output: a run's rows are what they are; give "
        "its configuration instead");
  }
  return {open_run(source, context.world),
          accepts ? OtherBuild::accept : OtherBuild::refuse, context.world,
          context.log};
}

ExitCode run(const po::variables_map& values, const Context& context) {
  if (context.world.size() > 1) {
    throw UsageError(
        "render: answers one reader on one rank; start it once for each reader, "
        "without mpirun");
  }
  auto renderer = renderer_of(values, context);
  serve(renderer, std::cin, to_stdout);
  return ExitCode::ok;
}

}  // namespace

Command render_command() {
  Command command{
      .name = "render",
      .summary = "render rows as they are asked for (lensmill.Renderer in Python)",
      .usage = "lensmill render RUN|CONFIG [options]",
      .positional = "SOURCE",
      .positional_help = "a run's folder, or a configuration (YAML)",
      .example =
          "  echo '{\"rows\": [0, 1]}' | lensmill render runs/quickstart > rows.bin\n"
          "Requests and answers are lines of JSON, answers are followed by data "
          "(docs/python.md).\n",
      .options = po::options_description("Options", 88),
      .run = run};
  add_config_options(command.options);
  command.options.add_options()(
      "accept-different-build",
      "render a run's rows by another build or instruction-set level than they were "
      "made by: they may differ in the last digits");
  return command;
}

}  // namespace lensmill::pipeline::cli
