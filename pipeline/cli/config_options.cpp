#include "pipeline/cli/config_options.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace lensmill::pipeline::cli {
namespace {

using Texts = std::vector<std::string>;

/// A path as a quoted YAML string (JSON strings are YAML), from the working directory.
std::string quoted_path(const std::string& path) {
  // The configuration's reader says what is wrong with it.
  if (path.empty()) return "\"\"";
  return nlohmann::json(std::filesystem::absolute(path).lexically_normal().string())
      .dump();
}

}  // namespace

void add_config_options(po::options_description& options) {
  options.add_options()("output,o", po::value<std::string>()->value_name("DIR"),
                        "folder of the run; default: output.directory, runs/NAME")(
      "catalogue", po::value<std::string>()->value_name("FILE"),
      "rows from this CSV, HDF5 or FITS file; its columns win over the priors, which "
      "is "
      "said and recorded")(
      "set", po::value<Texts>()->composing()->value_name("KEY=VALUE"),
      "change one key of the configuration, e.g. catalogue.sampled.count=100; may be "
      "repeated");
}

std::vector<std::string> overrides_from(const po::variables_map& values) {
  Texts overrides;
  if (values.contains("set")) overrides = values["set"].as<Texts>();
  if (values.contains("catalogue")) {
    overrides.push_back("catalogue={file: {path: " +
                        quoted_path(values["catalogue"].as<std::string>()) +
                        ", overrides_priors: true}}");
  }
  if (values.contains("output")) {
    overrides.push_back("output.directory=" +
                        quoted_path(values["output"].as<std::string>()));
  }
  return overrides;
}

config::RunConfig config_from(const po::variables_map& values, const Context& context) {
  return read_config(values["CONFIG"].as<std::string>(), overrides_from(values),
                     context.world, context.log);
}

Session session_from(const po::variables_map& values, const Context& context) {
  return open_session(config_from(values, context), context.world, context.log);
}

}  // namespace lensmill::pipeline::cli
