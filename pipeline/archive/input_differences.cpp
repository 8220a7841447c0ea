#include "pipeline/archive/input_differences.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"

namespace lensmill::pipeline {
namespace {

std::vector<InputFile> inputs_of(const std::string& shard_path) {
  std::vector<InputFile> inputs;
  try {
    const auto provenance = io::hdf5::File::open(shard_path).open_group("provenance");
    if (!provenance.has("input_role")) return {};
    const auto roles = provenance.read_strings("input_role");
    const auto paths = provenance.read_strings("input_path");
    const auto digests = provenance.read_strings("input_sha256");
    for (std::size_t k = 0; k < roles.size(); ++k) {
      inputs.push_back(
          {.role = roles[k], .path = paths.at(k), .sha256 = digests.at(k)});
    }
  } catch (const Error&) {
    // What cannot be read is not compared.
  }
  return inputs;
}

const InputFile* of_role(const std::vector<InputFile>& inputs,
                         const std::string& role) {
  const auto at = std::ranges::find(inputs, role, &InputFile::role);
  return at == inputs.end() ? nullptr : &*at;
}

}  // namespace

std::vector<std::string> input_differences(const std::string& shard_path,
                                           const std::vector<InputFile>& now) {
  const auto before = inputs_of(shard_path);
  std::vector<std::string> differences;
  for (const auto& input : now) {
    const InputFile* old = of_role(before, input.role);
    const std::string old_digest = old == nullptr ? "(absent)" : old->sha256;
    if (old_digest == input.sha256) continue;
    differences.push_back(fmt::format("{} {}: SHA-256 {} -> {}", input.role, input.path,
                                      old_digest, input.sha256));
  }
  for (const auto& input : before) {
    if (of_role(now, input.role) != nullptr) continue;
    differences.push_back(fmt::format("{} {}: SHA-256 {} -> (absent)", input.role,
                                      input.path, input.sha256));
  }
  return differences;
}

}  // namespace lensmill::pipeline
