#pragma once

#include <string>
#include <vector>

#include "pipeline/cli/command.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline::cli {

/// Options of the commands that take a configuration: --output, --catalogue, --set.
void add_config_options(po::options_description& options);

/// They as `key.path=value` overrides of the configuration, in an order in which the
/// special options win over --set.
std::vector<std::string> overrides_from(const po::variables_map& values);

/// The configuration that the command line names, read and opened. \collective
config::RunConfig config_from(const po::variables_map& values, const Context& context);
Session session_from(const po::variables_map& values, const Context& context);

}  // namespace lensmill::pipeline::cli
