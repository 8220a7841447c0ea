#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <utility>

#include "lib/config/suggest.hpp"
#include "lib/io/files.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/cli/shipped_configs.hpp"
#include "stages/config/read_run_config.hpp"

namespace lensmill::pipeline::cli {
namespace {

/// The configuration that `init` writes without --survey.
constexpr std::string_view general = "quickstart";

std::vector<std::string> surveys() {
  std::vector<std::string> names;
  for (const auto& config : shipped_configs()) {
    if (config.name != general) names.emplace_back(config.name);
  }
  return names;
}

const ShippedConfig& find(const std::string& name) {
  const auto configs = shipped_configs();
  const auto found = std::ranges::find(configs, name, &ShippedConfig::name);
  if (found != configs.end()) return *found;
  throw UsageError(fmt::format("init: --survey {}: no such survey; {} (there are {})",
                               name, config::suggest_key(name, surveys()),
                               fmt::join(surveys(), ", ")));
}

/// The text with the run called like the file, so that two runs from one preset do not
/// mix, and the file's own path in its comments.
std::string adapted(std::string_view text, const std::string& preset,
                    const std::filesystem::path& path) {
  std::string result(text);
  for (const auto& [from, to] :
       {std::pair{"  name: " + preset, "  name: " + path.stem().string()},
        {"configs/" + preset + ".yaml", path.string()},
        {"configs/survey/" + preset + ".yaml", path.string()}}) {
    const auto at = result.find(from);
    if (at != std::string::npos) result.replace(at, from.size(), to);
  }
  return result;
}

ExitCode run(const po::variables_map& values, const Context& context) {
  const std::filesystem::path path = values["FILE"].as<std::string>();
  const bool given = values.count("survey") > 0;
  const std::string preset =
      given ? values["survey"].as<std::string>() : std::string(general);
  context.world.agree([&] {
    if (!context.world.is_root()) return;
    const auto text = adapted(find(preset).text, preset, path);
    try {
      config::read_run_config_text(text, path.string());
    } catch (const ConfigError& error) {
      // The presets are valid: what is wrong is the name.
      throw UsageError(
          fmt::format("init: the file's name becomes the run's; {}", error.what()));
    }
    if (!io::write_text_if_absent(path.string(), text)) {
      throw UsageError(fmt::format(
          "init: {}: exists (it may have been edited); name another file, or remove it",
          path.string()));
    }
  });
  context.log.result(
      fmt::format("{}: from {}; edit it, then\n"
                  "  lensmill check {}      # is it valid, what will it take\n"
                  "  lensmill run {}",
                  path.string(), preset, path.string(), path.string()));
  return ExitCode::ok;
}

}  // namespace

Command init_command() {
  po::options_description options("Options", 88);
  options.add_options()("survey", po::value<std::string>()->value_name("NAME"),
                        fmt::format("pixels, depth, seeing and gain of a survey: {}",
                                    fmt::join(surveys(), ", "))
                            .c_str());
  return {.name = "init",
          .summary = "write a commented configuration to begin with",
          .usage = "lensmill init FILE [--survey NAME]",
          .positional = "FILE",
          .positional_help = "the file to write; an existing one is left alone",
          .example = "  lensmill init my.yaml --survey legacy_decals\n",
          .options = options,
          .run = run};
}

}  // namespace lensmill::pipeline::cli
