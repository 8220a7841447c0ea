#pragma once

#include <string>
#include <vector>

#include "lib/catalogue/injection_sampler.hpp"
#include "lib/catalogue/photometry.hpp"
#include "lib/catalogue/quantities.hpp"

/// \file
/// Internal to InjectionSampler: where each quantity comes from, contradictions
/// settled.

namespace lensmill::catalogue {

/// What a quantity comes from.
enum class Origin { rows, hosts, host_quantity, prior, joint_table };

/// A source of one quantity's value.
struct ValueSource {
  std::string name;  ///< as the user wrote it: "src_mag_r"
  QuantityName quantity;
  Origin origin = Origin::rows;
  std::size_t index = 0;   ///< in given, bands (hosts), quantities, entries, ...
  std::size_t column = 0;  ///< of the joint table
  std::string where;
  bool used = false;
};

/// The sources that are used, the magnitudes' links among them, and what was dropped.
struct ValueSources {
  std::vector<ValueSource> list;
  Photometry photometry;
  std::vector<std::string> overridden;
  std::vector<std::string> problems;        ///< of what gives which quantity
  std::vector<std::string> value_problems;  ///< of one prior's values

  ValueSource* find(const std::string& name);
};

/// Collect and check what rows, hosts and priors give: names, parameters, ranges, and
/// that nothing is given twice.
ValueSources collect_value_sources(const InjectionSamplerConfig& config);

/// What is wrong with a sampler as the prior of a quantity, or "": its parameters, or
/// values that it can give outside the quantity's range.
std::string prior_problem(const Quantity& quantity, const Prior& prior);

}  // namespace lensmill::catalogue
