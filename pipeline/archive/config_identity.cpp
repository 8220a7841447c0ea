#include "pipeline/archive/config_identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/config/parse.hpp"
#include "lib/io/sha256.hpp"

namespace lensmill::pipeline {
namespace {

using config::Node;

constexpr std::array<std::string_view, 5> free_keys{
    "output.directory", "output.writer_groups", "run.max_failed_fraction",
    "source.galaxies.cache_mib", min_acceptance_key};

/// Came later than runs that are there, which go on as if they had it.
constexpr std::string_view later_key = "output.work_distribution";

void flatten_into(const Node& node, const std::string& path, FlatConfig& flat) {
  const std::string dot = path.empty() ? "" : path + ".";
  switch (node.kind) {
    case Node::Kind::null: flat[path] = "null"; break;
    case Node::Kind::scalar: flat[path] = node.scalar; break;
    case Node::Kind::list:
      flat[path] = fmt::format("list of {}", node.items.size());
      for (std::size_t k = 0; k < node.items.size(); ++k) {
        flatten_into(node.items[k], fmt::format("{}[{}]", path, k), flat);
      }
      break;
    case Node::Kind::map:
      for (const auto& [key, value] : node.entries) {
        flatten_into(value, dot + key, flat);
      }
      break;
  }
}

std::string value_or_absent(const FlatConfig& flat, const std::string& key) {
  const auto at = flat.find(key);
  return at == flat.end() ? "(absent)" : at->second;
}

}  // namespace

bool may_differ(const std::string& key) {
  return key == later_key || std::ranges::find(free_keys, key) != free_keys.end() ||
         std::ranges::find(count_keys, key) != count_keys.end();
}

std::vector<std::string> list_in(const FlatConfig& config, const std::string& key) {
  std::vector<std::string> items;
  for (std::size_t k = 0;; ++k) {
    const auto at = config.find(fmt::format("{}[{}]", key, k));
    if (at == config.end()) return items;
    items.push_back(at->second);
  }
}

std::vector<std::string> saltelli_factors(const FlatConfig& config) {
  return list_in(config, "catalogue.sobol.saltelli.factors");
}

FlatConfig flatten(const std::string& resolved_yaml, const std::string& source) {
  config::Problems problems;
  FlatConfig flat;
  flatten_into(config::parse_yaml(resolved_yaml, source, problems), "", flat);
  problems.throw_if_any();
  return flat;
}

std::string config_hash(const std::string& resolved_yaml,
                        const std::vector<InputFile>& inputs) {
  io::Sha256 digest;
  for (const auto& [key, value] : flatten(resolved_yaml, "the configuration")) {
    if (key == later_key) continue;
    digest.update(key + "\n");
    if (!may_differ(key)) digest.update(value + "\n");
  }
  for (const auto& input : inputs) {
    // What stands in the configuration counts as such, wherever it was read from.
    if (!input.resolved) digest.update(input.role + "=" + input.sha256 + "\n");
  }
  return digest.hex_digest();
}

std::vector<std::string> config_differences(const FlatConfig& before,
                                            const FlatConfig& now) {
  FlatConfig all = before;
  all.insert(now.begin(), now.end());
  std::vector<std::string> differences;
  for (const auto& [key, value] : all) {
    const auto old_value = value_or_absent(before, key);
    const auto new_value = value_or_absent(now, key);
    // A count may grow, but not become that of another kind of catalogue.
    const bool in_both = before.contains(key) && now.contains(key);
    if (old_value == new_value || (may_differ(key) && in_both) || key == later_key) {
      continue;
    }
    differences.push_back(fmt::format("{}: {} -> {}", key, old_value, new_value));
  }
  return differences;
}

}  // namespace lensmill::pipeline
