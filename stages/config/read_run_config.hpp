#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/catalogue/column_source.hpp"
#include "lib/config/reader.hpp"
#include "stages/config/run_config.hpp"

namespace lensmill::config {

/// Opens a table of any format that the caller knows: this room reads no FITS and HDF5.
using TableOpener =
    std::function<std::unique_ptr<const catalogue::ColumnSource>(const std::string&)>;
/// Tables in text. \throws as CsvSource
std::unique_ptr<const catalogue::ColumnSource> open_text_table(const std::string& path);

/// Read, complete and check a run's configuration. `overrides` are `--set` arguments,
/// key.path=value. Relative paths in the file start from the file's folder, except
/// output.directory, which starts from the working directory.
/// \throws ConfigError with everything that is wrong, one line each; UsageError for an
///         override that is not key.path=value
RunConfig read_run_config(const std::filesystem::path& path,
                          std::span<const std::string> overrides = {},
                          const TableOpener& open_table = open_text_table);

/// The same from text, e.g. a run's stored resolved configuration. `source` names it in
/// messages; relative paths start from `folder`.
RunConfig read_run_config_text(const std::string& text, const std::string& source,
                               std::span<const std::string> overrides = {},
                               const std::filesystem::path& folder = ".",
                               const TableOpener& open_table = open_text_table);

/// The same from an opened document, which knows all its keys afterwards.
RunConfig read_run_config(Document& document,
                          const TableOpener& open_table = open_text_table);

}  // namespace lensmill::config
