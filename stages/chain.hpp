#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/catalogue/columns.hpp"
#include "lib/measure/measurement.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"
#include "stages/stage.hpp"

namespace lensmill::stages {

/// The stages of a run in order of their steps. Immutable and the same on every rank;
/// each rank has its own Stamp.
class Chain {
 public:
  /// \pre steps ascend
  /// \throws ConfigError naming the stage and the plane that nothing before it gives.
  Chain(std::vector<std::unique_ptr<const Stage>> stages, config::RunConfig config,
        const catalogue::Needs& needs, catalogue::SourceFlux source_flux,
        std::shared_ptr<const HostIds> host_ids = nullptr);

  Stamp make_stamp() const;
  /// Run every stage for one row. A row that cannot be rendered gets its status and NaN
  /// images and measurements; errors of the run pass. `seconds`, if given, has one
  /// entry per stage, to which the time spent is added.
  void apply(std::int64_t injection_id, std::span<const double> given, Stamp& stamp,
             std::span<double> seconds = {}) const;

  /// A row rendered again, part by part, with changes in between: take the row, then
  /// run some steps on what the stamp has. What is not run stays as it was. \param
  /// given must outlive the use of the stamp
  void begin(std::int64_t injection_id, std::span<const double> given,
             Stamp& stamp) const;
  /// Run the steps from `first` to `last` (both included) that the chain has; steps
  /// after one at which the row cannot go on are not run (can_go_on).
  /// \pre begin() \return the row's status
  Status run(Step first, Step last, Stamp& stamp) const;
  Status run(Step step, Stamp& stamp) const { return run(step, step, stamp); }

  const std::vector<std::unique_ptr<const Stage>>& stages() const { return stages_; }
  const config::RunConfig& config() const { return config_; }
  /// Columns of /catalogue and /measurements.
  const std::vector<ColumnInfo>& catalogue_columns() const {
    return catalogue_columns_;
  }
  const measure::MeasurementSchema& schema() const { return schema_; }
  /// Copy the row's truth into row `row` of a table of catalogue_columns().
  void write_truth(const Stamp& stamp, std::size_t row, Table& catalogue) const;
  /// The image of an output product by its name in output.products, for one band.
  /// \throws ConfigError for a product this run does not make.
  ImageView<const float> product(const Stamp& stamp, const std::string& name,
                                 int band) const;

 private:
  void run_stages(Step first, Step last, Stamp& stamp, std::span<double> seconds) const;
  void blank(Stamp& stamp) const;

  std::vector<std::unique_ptr<const Stage>> stages_;
  config::RunConfig config_;
  std::shared_ptr<const HostIds> host_ids_;
  std::vector<ColumnInfo> catalogue_columns_;
  measure::MeasurementSchema schema_;
};

}  // namespace lensmill::stages
