#include "lib/catalogue/plan_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

#include "lib/catalogue/columns.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

constexpr std::uint16_t first_hashed = 16384;

/// The sub-stream of a quantity by its bands' *names*, so that a band's numbers do not
/// depend on which other bands the run has. One-letter bands are told apart exactly,
/// longer names by a hash (a collision is reported by the caller).
std::uint16_t sub_stream_of(const QuantityName& name) {
  std::string other = name.other_band;
  // A difference has its own stream beside the magnitude of the same band.
  if (name.quantity->name == "src_mag_minus_host_mag") other = name.band;
  if (name.band.size() <= 1 && other.size() <= 1) {
    const auto code = [](const std::string& band) {
      return band.empty() ? 0u : static_cast<unsigned>(band[0]) % 128u;
    };
    return static_cast<std::uint16_t>(code(name.band) + 128u * code(other));
  }
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (char c : name.band + "_" + other) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  }
  return static_cast<std::uint16_t>(first_hashed + hash % (65536u - first_hashed));
}

bool is_single_valued(const Sampler& sampler) {
  if (std::holds_alternative<Constant>(sampler)) return true;
  const auto* choice = std::get_if<Choice>(&sampler);
  return choice != nullptr && choice->values.size() == 1;
}

}  // namespace

PlanBuilder::PlanBuilder(InjectionSamplerConfig config) : config_(std::move(config)) {}

SamplingPlan PlanBuilder::build() {
  check_needs();
  if (problems_.empty()) {
    sources_ = collect_value_sources(config_);
    problems_ = sources_.problems;
  }
  plan_.seed = config_.seed;
  plan_.bands = config_.needs.bands;
  plan_.design = config_.design;
  plan_.split = config_.split;
  plan_.factors = config_.saltelli_factors.size();
  factor_is_drawn_.assign(plan_.factors, false);
  plan_.cosmology = config_.cosmology;
  plan_.host_source = config_.needs.host;
  plan_.source_image_count = config_.needs.source_image_count;
  plan_.sources = config_.sources;
  plan_.knot_count = config_.needs.knot_count;
  plan_.knot_priors = config_.knots;
  plan_.psf_count = config_.needs.psf_count;
  plan_.hosts = config_.hosts;
  plan_.given_count = config_.given.size();
  plan_.overridden = sources_.overridden;
  for (const auto& name : config_.given) {
    slot(name);
    ready_.push_back(true);
  }
  // With a contradiction in the priors, what is missing would be guesswork.
  if (problems_.empty()) {
    prepare_hosts();
    add_outputs();
  }
  if (problems_.empty()) check_saltelli();
  problems_.insert(problems_.begin(), sources_.value_problems.begin(),
                   sources_.value_problems.end());
  if (!problems_.empty()) {
    std::string message = problems_[0];
    for (std::size_t i = 1; i < problems_.size(); ++i) message += "\n" + problems_[i];
    throw ConfigError(message);
  }
  for (const auto& source : sources_.list) {
    if (!source.used && source.origin != Origin::hosts)
      plan_.unused.push_back(source.name);
  }
  const int matrices = plan_.is_saltelli() ? 2 : 1;
  for (int d = 0; config_.design == Design::sobol && d < matrices * dimensions_; ++d) {
    RandomStream stream(config_.seed, d, StreamTag::sobol_scramble);
    plan_.dimensions.emplace_back(d, stream.bits());
  }
  return std::move(plan_);
}

void PlanBuilder::check_needs() {
  const auto& bands = config_.needs.bands;
  if (bands.empty() || bands.size() > static_cast<std::size_t>(max_bands)) {
    complain(fmt::format("bands: must have 1 to {} bands (got {})", max_bands,
                         bands.size()));
  }
  for (const auto& band : bands) {
    const bool plain =
        !band.empty() && std::all_of(band.begin(), band.end(), [](char c) {
          return std::isalnum(static_cast<unsigned char>(c)) != 0;
        });
    if (!plain) {
      complain(
          fmt::format("bands: a band's name must be letters and digits, since "
                      "column names end in _<band> (got `{}`)",
                      band));
    }
    if (std::count(bands.begin(), bands.end(), band) > 1) {
      complain(fmt::format("bands: `{}` is listed twice", band));
    }
  }
  const auto& split = config_.split;
  if (!(split.validation >= 0.0) || !(split.test >= 0.0) ||
      !(split.validation + split.test <= 1.0)) {
    complain(
        fmt::format("split: fractions must be >= 0 and add up to at most 1 (got "
                    "validation {}, test {})",
                    split.validation, split.test));
  }
}

void PlanBuilder::prepare_hosts() {
  if (config_.needs.host != HostSource::cutouts) return;
  const auto& hosts = config_.hosts;
  if (hosts.count < 1) complain("host: the cutouts' file contains no hosts");
  if (hosts.policy != HostPolicy::once || given("host_index")) return;
  if (config_.row_count > hosts.count) {
    complain(
        fmt::format("host.policy: `once` needs a host for each row ({} hosts, {} "
                    "rows); use `reuse` or fewer rows",
                    hosts.count, config_.row_count));
  }
  plan_.permutation.resize(
      static_cast<std::size_t>(std::max<std::int64_t>(hosts.count, 0)));
  std::iota(plan_.permutation.begin(), plan_.permutation.end(), std::int64_t{0});
  RandomStream stream(config_.seed, 0, StreamTag::host_permutation);
  for (std::size_t i = plan_.permutation.size(); i > 1; --i) {  // Fisher-Yates
    std::swap(plan_.permutation[i - 1],
              plan_.permutation[static_cast<std::size_t>(stream.below(i))]);
  }
}

void PlanBuilder::add_outputs() {
  const auto flux =
      given("src_target_snr") ? SourceFlux::target_snr : SourceFlux::given;
  plan_.lens_mass = lens_mass();
  config_.needs.lens_mass = plan_.lens_mass;
  for (const auto& quantity : all_quantities()) {
    const auto& labels = labels_of(quantity, config_.needs.bands);
    for (std::size_t k = 0; k < labels.size(); ++k) {
      const int band = static_cast<int>(k);
      if (!uses(config_.needs, flux, quantity, band) ||
          is_set_by_host(config_.needs, quantity, band) || is_set_by_source(quantity)) {
        continue;
      }
      const auto name = full_name(quantity, labels[k]);
      if (quantity.name == "split") {
        plan_.split_given = given(name);
        if (!plan_.split_given) continue;
      }
      const bool of_host = quantity.name.ends_with("flux_nmgy") ||
                           plan_.lens_mass == LensMass::faber_jackson;
      // Cutouts without a measured flux have no flux to write.
      if (quantity.name == "host_flux_nmgy" &&
          config_.needs.host == HostSource::cutouts &&
          config_.hosts.flux_nmgy.empty() && !given(name)) {
        continue;
      }
      const Slot at = need(name);
      if (at == no_slot) continue;
      plan_.outputs.push_back(
          {&quantity, band, at, of_host && !config_.hosts.flux_nmgy.empty(),
           quantity.suffix == Suffix::knot || quantity.name == "src_reff_arcsec"});
      const auto& brought = config_.hosts.quantities;
      const auto same = std::ranges::find(brought, name, &HostQuantity::name);
      if (same != brought.end() &&
          std::ranges::find(config_.given, name) != config_.given.end()) {
        plan_.outputs.back().host_quantity = static_cast<int>(same - brought.begin());
      }
    }
  }
}

Slot PlanBuilder::need(const std::string& name) {
  if (const Slot at = known(name); at != no_slot) {
    if (auto* source = sources_.find(name)) source->used = true;
    return at;
  }
  if (std::find(missing_.begin(), missing_.end(), name) != missing_.end())
    return no_slot;
  if (std::find(in_progress_.begin(), in_progress_.end(), name) != in_progress_.end()) {
    complain(fmt::format("{}: depends on itself through `multiple`", name));
    missing_.push_back(name);
    return no_slot;
  }
  in_progress_.push_back(name);
  auto* source = sources_.find(name);
  const Slot at =
      source != nullptr ? from_source(*source) : derive(name, *find_quantity(name));
  in_progress_.pop_back();
  if (at == no_slot) missing_.push_back(name);
  return at;
}

Slot PlanBuilder::from_source(ValueSource& source) {
  source.used = true;
  if (source.origin == Origin::joint_table) return from_joint_table(source);
  if (source.origin == Origin::hosts) {
    const Slot host = need("host_index");
    if (host == no_slot) return no_slot;
    return emit({.operation = Operation::host_flux, .a = host, .payload = source.index},
                source.name);
  }
  if (source.origin == Origin::host_quantity) {
    const auto name = source.name;  // need() may look at the list
    const auto payload = source.index;
    const Slot host = need("host_index");
    if (host == no_slot) return no_slot;
    return emit({.operation = Operation::host_quantity, .a = host, .payload = payload},
                name);
  }
  const auto& prior = config_.priors.entries[source.index].prior;
  if (const auto* multiple = std::get_if<MultipleOf>(&prior)) {
    const auto name = source.name;  // need() may look at the list
    const Slot of = need(multiple->column);
    if (of == no_slot) return no_slot;
    return emit({.operation = Operation::scaled, .a = of, .c = multiple->factor}, name);
  }
  if (const auto* relation = std::get_if<FaberJackson>(&prior)) {
    return from_faber_jackson(source, *relation);
  }
  if (const auto* shape = std::get_if<FromHost>(&prior)) {
    return from_host_shape(source, *shape);
  }
  const auto& sampler = std::get<Sampler>(prior);
  if (is_single_valued(sampler)) {
    return emit({.operation = Operation::constant, .c = quantile(sampler, 0.5)},
                source.name);
  }
  plan_.samplers.push_back(sampler);
  return emit_draw({.operation = Operation::draw, .payload = plan_.samplers.size() - 1},
                   1, source.quantity, source.name);
}

Slot PlanBuilder::from_joint_table(const ValueSource& source) {
  // The first quantity that is asked for draws the row for all of the table's.
  const auto& table = config_.priors.joint_tables[source.index];
  Joint joint;
  joint.values = table.values;
  joint.rows = table.values.size() / table.quantities.size();
  joint.cumulative.resize(table.weights.size());
  std::partial_sum(table.weights.begin(), table.weights.end(),
                   joint.cumulative.begin());
  joint.slots.assign(table.quantities.size(), no_slot);
  for (const auto& other : sources_.list) {
    if (other.origin == Origin::joint_table && other.index == source.index) {
      const Slot at = slot(other.name);
      ready_.resize(slot_names_.size(), false);
      ready_[static_cast<std::size_t>(at)] = true;
      joint.slots[other.column] = at;
    }
  }
  plan_.joints.push_back(std::move(joint));
  Step step{.operation = Operation::joint, .payload = plan_.joints.size() - 1};
  step.tag = StreamTag::joint_table;
  step.sub_stream = static_cast<std::uint16_t>(source.index);
  step.dimension = dimensions_++;
  for (const auto& other : sources_.list) {
    if (other.origin != Origin::joint_table || other.index != source.index) continue;
    const int factor = factor_of(other.name);
    if (factor < 0) continue;
    if (step.factor >= 0) {
      complain(fmt::format(
          "catalogue.sobol.saltelli.factors: `{}` is drawn together with `{}` (of one "
          "joint table); name one of them",
          other.name, config_.saltelli_factors[static_cast<std::size_t>(step.factor)]));
    }
    step.factor = factor;
  }
  plan_.steps.push_back(step);
  return known(source.name);
}

Slot PlanBuilder::slot(const std::string& name) {
  for (std::size_t i = 0; i < slot_names_.size(); ++i) {
    if (slot_names_[i] == name) return static_cast<Slot>(i);
  }
  if (slot_names_.size() == max_slots) {
    throw ConfigError(
        fmt::format("priors: more than {} quantities in one row", max_slots));
  }
  slot_names_.push_back(name);
  return static_cast<Slot>(slot_names_.size()) - 1;
}

Slot PlanBuilder::known(const std::string& name) const {
  for (std::size_t i = 0; i < ready_.size(); ++i) {
    if (ready_[i] && slot_names_[i] == name) return static_cast<Slot>(i);
  }
  return no_slot;
}

Slot PlanBuilder::emit(Step step, const std::string& name, const std::string& second) {
  step.x = slot(name);
  if (!second.empty()) step.y = slot(second);
  ready_.resize(slot_names_.size(), false);
  ready_[static_cast<std::size_t>(step.x)] = true;
  if (!second.empty()) ready_[static_cast<std::size_t>(step.y)] = true;
  plan_.steps.push_back(step);
  return step.x;
}

Slot PlanBuilder::emit_draw(Step step, int dimensions, const QuantityName& quantity,
                            const std::string& name, const std::string& second) {
  step.tag = quantity.quantity->tag;
  step.sub_stream = sub_stream_of(quantity);
  const std::pair stream(step.tag, step.sub_stream);
  for (const auto& [other, other_name] : streams_) {
    if (other != stream) continue;
    complain(
        fmt::format("{} and {} would share one random stream (their bands' names "
                    "hash alike); rename a band",
                    name, other_name));
  }
  streams_.emplace_back(stream, name);
  step.dimension = dimensions_;
  dimensions_ += dimensions;
  const bool is_disc = step.operation == Operation::disc;
  step.factor = factor_of(is_disc ? std::string(quantity.quantity->name) : name);
  const int most = max_sobol_dimensions / (plan_.is_saltelli() ? 2 : 1);
  if (config_.design == Design::sobol && dimensions_ > most) {
    complain(
        fmt::format("catalogue.sobol: {} is one drawn quantity too many (at most {} "
                    "dimensions{}); make some priors constant",
                    name, most, plan_.is_saltelli() ? " with `saltelli`" : ""));
  }
  return emit(step, name, second);
}

int PlanBuilder::factor_of(const std::string& name) {
  drawn_.push_back(name);
  const auto& factors = config_.saltelli_factors;
  const auto at = std::ranges::find(factors, name) - factors.begin();
  if (static_cast<std::size_t>(at) == factors.size()) return -1;
  factor_is_drawn_[static_cast<std::size_t>(at)] = true;
  return static_cast<int>(at);
}

void PlanBuilder::check_saltelli() {
  for (std::size_t k = 0; k < plan_.factors; ++k) {
    const auto& name = config_.saltelli_factors[k];
    if (!factor_is_drawn_[k]) {
      complain(fmt::format(
          "catalogue.sobol.saltelli.factors: `{}` is not drawn in this run (a prior "
          "that is not constant, as `priors` or `psf` names it); take some of: {}",
          name, fmt::join(drawn_, ", ")));
    }
    if (std::ranges::count(config_.saltelli_factors, name) > 1) {
      complain(
          fmt::format("catalogue.sobol.saltelli.factors: `{}` is listed twice", name));
    }
  }
  if (plan_.is_saltelli() && !plan_.permutation.empty()) {
    complain(
        "catalogue.sobol.saltelli: needs the same host in several rows, which "
        "host.policy `once` does not allow: use `reuse`");
  }
}

void PlanBuilder::complain(const std::string& problem) { problems_.push_back(problem); }

void PlanBuilder::missing(const std::string& name, const std::string& hint) {
  if (std::find(missing_.begin(), missing_.end(), name) != missing_.end()) return;
  missing_.push_back(name);
  const auto& where = config_.priors.where;
  complain(fmt::format(
      "{}{}{}: nothing gives it (the run needs it); add {} to `priors` or to "
      "the catalogue",
      where, where.empty() ? "" : ": ", name, hint));
}

}  // namespace lensmill::catalogue
