#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

// In names of columns, that people type.
constexpr std::size_t longest_band = 32;
// NAME.h5 and what is written beside it before it is renamed: at most 255 bytes.
constexpr std::size_t longest_run_name = 200;

bool is_plain(const std::string& name, std::string_view also) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           also.find(c) != std::string_view::npos;
  });
}

void read_bands(const Section& root, RunConfig& config) {
  config.bands = root.texts("bands");
  const auto& bands = config.bands;
  if (bands.size() > static_cast<std::size_t>(max_bands) ||
      (bands.empty() && root.is_list("bands"))) {
    root.problem("bands", fmt::format("must be 1 to {} bands (got {})", max_bands,
                                      bands.size()));
  }
  for (const auto& band : bands) {
    if (band.size() > longest_band) {
      root.problem("bands", fmt::format("a band's name must be at most {} letters (got "
                                        "{})",
                                        longest_band, band.size()));
    }
    if (!is_plain(band, "")) {
      root.problem("bands",
                   fmt::format("a band's name must be letters and digits, since "
                               "column names end in _<band> (got \"{}\")",
                               band));
    }
    if (std::count(bands.begin(), bands.end(), band) > 1) {
      root.problem("bands", fmt::format("{} is listed twice", band));
    }
  }
}

}  // namespace

void read_run_grid_bands(const Section& root, RunConfig& config) {
  root.integer("schema", closed(1, 1));

  const Section run = root.section("run");
  config.run.name = run.text("name", config.run.name);
  if (!is_plain(config.run.name, "._-") || config.run.name.front() == '.') {
    run.problem("name",
                fmt::format("must be letters, digits, `.`, `_` and `-`, since it "
                            "names files (got \"{}\")",
                            config.run.name));
  }
  if (config.run.name.size() > longest_run_name) {
    run.problem("name", fmt::format("must be at most {} letters, since it names files "
                                    "(got {})",
                                    longest_run_name, config.run.name.size()));
  }
  config.run.seed = run.unsigned_integer("seed", config.run.seed);
  config.run.note = run.text("note", config.run.note);
  config.run.max_failed_fraction = run.number("max_failed_fraction", closed(0.0, 1.0),
                                              config.run.max_failed_fraction);

  const Section grid = root.section("grid");
  config.grid.pixel_scale_arcsec =
      grid.number("pixel_scale_arcsec", above_up_to(0.0, 100.0));
  config.grid.stamp_size_pix =
      static_cast<int>(grid.integer("stamp_size_pix", closed(8, 4096), 64));

  read_bands(root, config);
}

void warn_unused_bands(const Section& by_band, const BandNames& bands,
                       std::initializer_list<std::string_view> other_keys) {
  for (const auto& key : by_band.keys()) {
    if (std::find(other_keys.begin(), other_keys.end(), key) != other_keys.end() ||
        std::find(bands.begin(), bands.end(), key) != bands.end()) {
      continue;
    }
    by_band.has(key);
    by_band.warning(key, "not used (the run has no such band)");
  }
}

std::string where(const Section& section, std::string_view key) {
  return section.path(key) + section.location(key).text();
}

}  // namespace lensmill::config
