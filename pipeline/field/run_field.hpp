#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/core/errors.hpp"
#include "pipeline/field/field_config.hpp"

namespace lensmill::pipeline {

/// What to do with a folder that is there.
enum class ExistingField { refuse, resume, overwrite };

struct FieldOptions {
  ExistingField existing = ExistingField::refuse;
  bool dry_run = false;
  std::optional<int> planned_ranks;  ///< dry run: for which memory is told; none: these
  std::vector<std::string> command_line;
};

/// `lensmill field`: the whole story in order. Bands are restart points: one that is
/// complete is not made again. \collective; errors are agreed on
/// \throws ConfigError: what is there was made otherwise, or more memory than
///   field.memory_per_rank_gib is needed (with the number of ranks that do); DataError,
///   IoError
ExitCode run_field(const FieldConfig& config, const FieldOptions& options,
                   const parallel::Communicator& world, Log& log);

}  // namespace lensmill::pipeline
