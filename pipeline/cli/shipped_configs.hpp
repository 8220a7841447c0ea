#pragma once

#include <span>
#include <string_view>

namespace lensmill::pipeline::cli {

/// A file of configs/, as it was when the program was built.
struct ShippedConfig {
  std::string_view name;  ///< "legacy_decals"
  std::string_view text;
};

/// configs/quickstart.yaml and those of configs/survey/ (cmake/EmbedConfigs.cmake).
std::span<const ShippedConfig> shipped_configs();

}  // namespace lensmill::pipeline::cli
