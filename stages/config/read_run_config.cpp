#include "stages/config/read_run_config.hpp"

#include "lib/catalogue/csv_source.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {

std::unique_ptr<const catalogue::ColumnSource> open_text_table(
    const std::string& path) {
  return std::make_unique<const catalogue::CsvSource>(path);
}

namespace {

/// `lensmill field` has read its section when it comes here (pipeline/field). Stamps
/// are made without it: one file may serve both.
void pass_over_field(const Section& root) {
  if (root.asked("field") || !root.has("field")) return;
  root.section("field").ignore_rest();
  root.warning("field", "is for `lensmill field`; stamps are made without it");
}

}  // namespace

RunConfig read_run_config(Document& document, const TableOpener& open_table) {
  RunConfig config;
  const Section root = document.root();
  read_run_grid_bands(root, config);
  read_catalogue(root, config);
  read_cosmology(root, config);
  read_priors(root, config, open_table);
  read_source(root, config);
  read_host(root, config);
  read_psf(root, config);
  read_render_convolve(root, config);
  read_noise(root, config);
  read_measure(root, config);
  read_output(root, config);
  pass_over_field(root);
  cross_check(document, config);
  document.finish();
  config.warnings = document.problems().warnings();
  config.resolved_yaml = document.resolved_yaml();
  config.table_files = document.files_read();
  config.source_path = root.location().source;
  return config;
}

RunConfig read_run_config(const std::filesystem::path& path,
                          std::span<const std::string> overrides,
                          const TableOpener& open_table) {
  auto document = Document::from_file(path, overrides);
  return read_run_config(document, open_table);
}

RunConfig read_run_config_text(const std::string& text, const std::string& source,
                               std::span<const std::string> overrides,
                               const std::filesystem::path& folder,
                               const TableOpener& open_table) {
  auto document = Document::from_string(text, source, overrides, folder);
  return read_run_config(document, open_table);
}

}  // namespace lensmill::config
