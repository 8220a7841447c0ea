#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/catalogue/cosmology.hpp"
#include "lib/catalogue/injection.hpp"
#include "lib/catalogue/knots.hpp"
#include "lib/catalogue/needs.hpp"
#include "lib/catalogue/priors.hpp"

namespace lensmill::catalogue {

/// What happens when a quantity is given by the rows (file, grid) and by a prior.
enum class Conflict {
  error,     ///< the config contradicts itself
  rows_win,  ///< `run --catalogue FILE`: the prior is dropped and listed in
             ///< overridden()
};

/// How the uniform numbers behind the draws are made.
enum class Design {
  random,  ///< Philox streams keyed by (seed, injection_id, quantity)
  sobol,   ///< Owen-scrambled Sobol points: one dimension per drawn quantity
};

/// Fractions of validation and test rows; the rest trains. Rows of one host cutout stay
/// together; with synthetic hosts each row is its own.
struct SplitFractions {
  double validation = 0.1;
  double test = 0.1;
};

/// All that decides a row's truth.
struct InjectionSamplerConfig {
  std::uint64_t seed = 0;
  Needs needs{};
  Priors priors{};
  HostTable hosts{};
  SourceTable sources{};
  KnotPriors knots{};  ///< used where needs.knot_count > 0
  /// Columns and aliases that every row brings with it, in the order of sample()'s
  /// `given`; without injection_id. Empty for a sampled catalogue.
  std::vector<std::string> given{};
  std::string rows_name = "the catalogue";  ///< what gives them, for messages
  /// Number of rows if known (else 0), to see that HostPolicy::once has enough hosts.
  std::int64_t row_count = 0;
  Conflict conflict = Conflict::error;
  Design design = Design::random;
  /// Priors that a Saltelli design (saltelli.hpp) has a block of rows for, by the names
  /// that the user gave them; none: no such design. Design::sobol only.
  std::vector<std::string> saltelli_factors{};
  SplitFractions split{};
  Cosmology cosmology{};
};

struct SamplingPlan;

/// Draws and derives the complete truth of a row. Its numbers depend only on the seed,
/// the injection_id and the row's own given values: each quantity has its own stream,
/// so that a prior added or taken away moves no other quantity.
class InjectionSampler {
 public:
  /// Validates everything and reports all problems at once.
  /// \throws ConfigError: unknown quantity (with the nearest known one), bad
  /// parameters,
  ///   a value outside its range, a quantity given twice (aliases resolved), a needed
  ///   quantity that nothing gives, a cycle of MultipleOf.
  explicit InjectionSampler(InjectionSamplerConfig config);
  ~InjectionSampler();
  InjectionSampler(InjectionSampler&&) noexcept;
  InjectionSampler& operator=(InjectionSampler&&) noexcept;

  /// The truth of one row; `given` contains the values of config.given, in that order.
  /// Allocates nothing. Quantities the run does not use are NaN (integers: 0).
  /// With src_target_snr the fluxes are in the right ratios but only provisional:
  /// 1 nmgy in the first band, to be scaled once the arc has been convolved.
  /// \throws DataError for a row that no host is left for (HostPolicy::once), a
  ///   host_index, src_image_index, psf_index or src_knots out of range, a source that
  ///   is not behind its lens.
  Injection sample(std::int64_t injection_id, std::span<const double> given = {}) const;

  /// Priors dropped because the rows give the same quantity ("lens_ellipticity").
  const std::vector<std::string>& overridden() const;
  /// Quantities given or with a prior that this run does not use.
  const std::vector<std::string>& unused() const;
  /// Where the Einstein radii come from: what Needs::lens_mass must say for the columns
  /// that are written.
  LensMass lens_mass() const;

 private:
  std::unique_ptr<const SamplingPlan> plan_;
};

}  // namespace lensmill::catalogue
