#include "pipeline/cli/output_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"

namespace lensmill::pipeline::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const OutputFile& output, const std::string& problem) {
  throw UsageError(
      fmt::format("{} {}: {}; give another name", output.option, output.path, problem));
}

/// run.yaml, NAME.h5, provenance.json and all in shards/ and log/.
bool belongs_to_a_run(const fs::path& path) {
  const fs::path whole = fs::weakly_canonical(fs::absolute(path));
  const fs::path folder = whole.parent_path();
  const auto is_run = [](const fs::path& at) {
    return io::exists((at / "run.yaml").string());
  };
  if ((folder.filename() == "shards" || folder.filename() == "log") &&
      is_run(folder.parent_path())) {
    return true;
  }
  return is_run(folder) &&
         (whole.filename() == "run.yaml" || whole.filename() == "provenance.json" ||
          whole.extension() == ".h5");
}

bool is_of_kind(const OutputFile& output) {
  std::ifstream file(output.path, std::ios::binary);
  std::string start(output.first_bytes.size(), '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  // An empty one contains nothing that could be lost.
  return file.gcount() == 0 || start == output.first_bytes;
}

void check(const OutputFile& output, const std::vector<std::string>& inputs) {
  if (output.path.empty()) refuse(output, "the name is empty");
  for (const auto& input : inputs) {
    if (io::exists(input) && io::exists(output.path) &&
        fs::equivalent(input, output.path)) {
      refuse(output, "is an input (" + input + ")");
    }
  }
  if (belongs_to_a_run(output.path))
    refuse(output, "is a place of the run's own files");
  if (fs::is_symlink(fs::symlink_status(output.path))) {
    refuse(output, "is a link, which would be replaced");
  }
  if (!io::exists(output.path)) return;
  io::check_is_file(output.path);
  if (!output.suffix.empty() && fs::path(output.path).extension() == output.suffix)
    return;
  if (!is_of_kind(output)) {
    refuse(output, "is there already and is not " + output.kind + ": not replaced");
  }
}

}  // namespace

void check_output_files(const std::vector<OutputFile>& outputs,
                        const std::vector<std::string>& inputs) {
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    check(outputs[k], inputs);
    for (std::size_t other = 0; other < k; ++other) {
      if (fs::weakly_canonical(fs::absolute(outputs[k].path)) ==
          fs::weakly_canonical(fs::absolute(outputs[other].path))) {
        refuse(outputs[k], "is the same file as " + outputs[other].option + "'s");
      }
    }
  }
}

}  // namespace lensmill::pipeline::cli
