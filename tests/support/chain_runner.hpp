#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/catalogue/rows.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"

/// \file
/// Whole runs in one process, without MPI and output files: a configuration's rows
/// through the chain of stages.

namespace lensmill::test_support {

/// A shipped configuration, "seed_gen5.yaml", with overrides as `--set` takes them.
inline config::RunConfig shipped_config(
    const std::string& name, const std::vector<std::string>& overrides = {}) {
  return config::read_run_config(source_folder() / "configs" / name, overrides);
}

/// The chain of a configuration with a sampled, Sobol or grid catalogue, and its rows.
class ChainRunner {
 public:
  /// \param psf kernels of `kind: pixelised` bands: no file is opened
  explicit ChainRunner(const config::RunConfig& config,
                       PerBand<stages::PsfInput> psf = {}) {
    auto inputs = std::make_shared<stages::Inputs>();
    if (config.catalogue.kind == config::CatalogueKind::grid) {
      inputs->rows = std::make_shared<catalogue::GridRows>(config.catalogue.grid);
    } else {
      inputs->rows = std::make_shared<catalogue::SampledRows>(config.catalogue.count);
    }
    inputs->psf = std::move(psf);
    rows_ = inputs->rows;
    setup_ = stages::make_setup(config, std::move(inputs));
  }

  const stages::Setup& setup() const { return setup_; }
  const stages::Chain& chain() const { return *setup_.chain; }
  const catalogue::Rows& rows() const { return *rows_; }
  std::int64_t count() const { return rows_->count(); }
  stages::Stamp make_stamp() const { return chain().make_stamp(); }

  /// Make one row in `stamp`, which may have held others before.
  void apply(std::int64_t row, stages::Stamp& stamp) const {
    const auto block = rows_->read(row, 1);
    chain().apply(block.injection_id[0], block.row(0), stamp);
  }
  /// Make all rows in order with one stamp; visit(stamp) after each.
  template <class Visit>
  void run(Visit&& visit) const {
    auto stamp = make_stamp();
    for (std::int64_t row = 0; row < count(); ++row) {
      apply(row, stamp);
      visit(std::as_const(stamp));
    }
  }

 private:
  std::shared_ptr<const catalogue::Rows> rows_;
  stages::Setup setup_;
};

}  // namespace lensmill::test_support
