#include "lib/catalogue/injection_sampler.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "lib/catalogue/columns.hpp"
#include "lib/catalogue/host_split.hpp"
#include "lib/catalogue/plan.hpp"
#include "lib/catalogue/plan_builder.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

[[noreturn]] void refuse(std::int64_t injection_id, const SamplingPlan& plan,
                         const Output& output, double value,
                         const std::string& wanted) {
  const auto& label =
      labels_of(*output.quantity, plan.bands)[static_cast<std::size_t>(output.band)];
  throw DataError(fmt::format("injection_id {}: {} must be {} (got {})", injection_id,
                              full_name(*output.quantity, label), wanted, value));
}

/// One past the largest index that the quantity may have in this run.
std::int64_t index_limit(const SamplingPlan& plan, const Output& output) {
  const auto base = output.quantity->name;
  if (base == "host_index") return plan.hosts.count;
  if (base == "src_image_index") return plan.source_image_count;
  if (base == "src_knots") return plan.knot_count + 1;
  if (base == "psf_index") return plan.psf_count[static_cast<std::size_t>(output.band)];
  return 0;
}

void set(Injection& injection, const Output& output, double value) {
  visit_member(output.quantity->member, injection, output.band, [&](auto& member) {
    member = static_cast<std::remove_reference_t<decltype(member)>>(value);
  });
}

// Hosts and rows are counted alike: the sub-stream keeps host 7 apart from row 7.
constexpr std::uint16_t split_of_rows = 0;
constexpr std::uint16_t split_of_hosts = 1;

Split split_at(RandomStream stream, const SplitFractions& fractions) {
  const double u = stream.uniform();
  if (u < fractions.test) return Split::test;
  return u < fractions.test + fractions.validation ? Split::validation : Split::train;
}

Split split_of(const SamplingPlan& plan, const Injection& injection) {
  if (plan.host_source == HostSource::cutouts) {
    return split_of_host(plan.seed, injection.host_index, plan.split);
  }
  // The rows of a base point differ in one number: they stay together.
  const auto row = plan.is_saltelli()
                       ? saltelli_place(injection.injection_id, plan.factors).point
                       : injection.injection_id;
  return split_at(RandomStream(plan.seed, row, StreamTag::split, split_of_rows),
                  plan.split);
}

}  // namespace

Split split_of_host(std::uint64_t seed, std::int64_t host_index,
                    const SplitFractions& fractions) {
  return split_at(RandomStream(seed, host_index, StreamTag::split, split_of_hosts),
                  fractions);
}

InjectionSampler::InjectionSampler(InjectionSamplerConfig config)
    : plan_(std::make_unique<const SamplingPlan>(
          PlanBuilder(std::move(config)).build())) {}
InjectionSampler::~InjectionSampler() = default;
InjectionSampler::InjectionSampler(InjectionSampler&&) noexcept = default;
InjectionSampler& InjectionSampler::operator=(InjectionSampler&&) noexcept = default;

Injection InjectionSampler::sample(std::int64_t injection_id,
                                   std::span<const double> given) const {
  const auto& plan = *plan_;
  EXPECT(given.size() == plan.given_count);
  if (plan.design == Design::sobol &&
      (injection_id < 0 || injection_id > std::numeric_limits<std::uint32_t>::max())) {
    throw DataError(fmt::format(
        "injection_id {}: a Sobol catalogue has the ids 0..2^32-1", injection_id));
  }
  Slots slots;
  for (std::size_t i = 0; i < given.size(); ++i) slots[i] = given[i];
  for (const auto& step : plan.steps) plan.apply(step, injection_id, slots);

  static const Injection blank = blank_injection();
  Injection injection = blank;
  injection.injection_id = injection_id;
  for (const auto& output : plan.outputs) {
    const double value = slots[static_cast<std::size_t>(output.slot)];
    const bool unmeasured =
        (output.may_be_unmeasured &&
         (std::isnan(value) ||
          (value <= 0.0 && output.quantity->name.ends_with("flux_nmgy")))) ||
        (output.may_be_absent && std::isnan(value));
    const auto& range = output.quantity->range;
    if (!unmeasured && !range.contains(value)) {
      refuse(injection_id, plan, output, value, range.text());
    }
    const auto limit = index_limit(plan, output);
    if (limit > 0 && value >= static_cast<double>(limit)) {
      refuse(injection_id, plan, output, value, fmt::format("in 0..{}", limit - 1));
    }
    if (output.host_quantity >= 0) {
      // host_index is an output before all that comes with it.
      const double brought =
          plan.hosts.quantities[static_cast<std::size_t>(output.host_quantity)]
              .values[plan.host_of(static_cast<double>(injection.host_index),
                                   injection_id)];
      if (value != brought) {
        refuse(injection_id, plan, output, value,
               fmt::format("{}, as of its host {}", brought, injection.host_index));
      }
    }
    set(injection, output, value);
  }
  if (!plan.split_given) injection.split = split_of(plan, injection);
  return injection;
}

const std::vector<std::string>& InjectionSampler::overridden() const {
  return plan_->overridden;
}
const std::vector<std::string>& InjectionSampler::unused() const {
  return plan_->unused;
}
LensMass InjectionSampler::lens_mass() const { return plan_->lens_mass; }

}  // namespace lensmill::catalogue
