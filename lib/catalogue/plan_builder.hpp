#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/catalogue/plan.hpp"
#include "lib/catalogue/value_sources.hpp"

namespace lensmill::catalogue {

/// Makes the plan of an InjectionSampler: from the columns the run needs back to what
/// is given, each quantity once and after what it depends on.
class PlanBuilder {
 public:
  explicit PlanBuilder(InjectionSamplerConfig config);
  /// \throws ConfigError with all problems
  SamplingPlan build();

 private:
  /// The slot of a quantity, its steps added to the plan; no_slot if nothing gives it
  /// or a problem was found (and reported).
  Slot need(const std::string& name);
  Slot from_source(ValueSource& source);
  Slot from_joint_table(const ValueSource& source);
  Slot derive(const std::string& name, const QuantityName& quantity);
  Slot derive_source_position(const std::string& name);
  Slot derive_theta_e(const std::string& name);
  Slot derive_absolute_mag(const std::string& name);
  Slot from_faber_jackson(const ValueSource& source, const FaberJackson& relation);
  Slot from_host_shape(const ValueSource& source, const FromHost& prior);
  /// Report priors of the redshifts by which a source may lie before its lens.
  void check_redshifts();
  LensMass lens_mass();
  Slot derive_host_or_index(const std::string& name, const QuantityName& quantity);
  Slot derive_knots(const std::string& name);
  /// Magnitude of a node from the links other than `from_link`.
  Slot magnitude(int node, std::size_t from_link);

  Slot slot(const std::string& name);
  Slot known(const std::string& name) const;
  bool given(const std::string& name) { return sources_.find(name) != nullptr; }
  /// Append a step that makes `name` (and `second`).
  Slot emit(Step step, const std::string& name, const std::string& second = {});
  /// Likewise for one that draws `dimensions` uniform numbers.
  Slot emit_draw(Step step, int dimensions, const QuantityName& quantity,
                 const std::string& name, const std::string& second = {});
  void check_needs();
  void prepare_hosts();
  void add_outputs();
  /// The Saltelli factor that a prior of this name is; -1 for none.
  int factor_of(const std::string& name);
  void check_saltelli();
  void complain(const std::string& problem);
  void missing(const std::string& name, const std::string& hint);

  InjectionSamplerConfig config_;
  ValueSources sources_;
  SamplingPlan plan_;
  std::vector<std::string> slot_names_;
  std::vector<bool> ready_;  ///< per slot: its step has been added
  std::vector<std::string> in_progress_;
  std::vector<std::string> missing_;
  std::vector<std::pair<std::pair<StreamTag, std::uint16_t>, std::string>> streams_;
  std::vector<std::pair<std::size_t, std::size_t>> joint_of_table_;  ///< table, joint
  std::vector<std::string> problems_;
  int dimensions_ = 0;
  std::vector<std::string> drawn_;     ///< names of what is drawn, for messages
  std::vector<bool> factor_is_drawn_;  ///< per Saltelli factor
};

}  // namespace lensmill::catalogue
