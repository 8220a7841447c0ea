#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/catalogue/injection_sampler.hpp"
#include "lib/catalogue/quantities.hpp"
#include "lib/catalogue/sobol.hpp"
#include "lib/core/saltelli.hpp"

/// \file
/// Internal to InjectionSampler: how a row's numbers are computed, step by step,
/// without allocation. Every quantity of the row, given, drawn or derived, has a slot.

namespace lensmill::catalogue {

/// Most quantities one row may involve.
inline constexpr std::size_t max_slots = 256;
using Slots = std::array<double, max_slots>;
using Slot = int;
inline constexpr Slot no_slot = -1;

/// A prior's range is checked between these quantiles, and no draw goes beyond: such a
/// tail is not met even in 10^10 rows.
inline constexpr double tail_probability = 1.0e-12;

/// What a step does; a, b are input slots, x, y output slots, c a constant.
enum class Operation {
  constant,       ///< x = c
  draw,           ///< x ~ samplers[payload]
  disc,           ///< (x, y) uniform in a disc of radius c, or c * a when a is a slot
  joint,          ///< the slots of joints[payload]
  whole_number,   ///< x uniform in 0, 1, ..., c - 1
  scaled,         ///< x = c * a
  product,        ///< x = a * b
  sum,            ///< x = a + c * b
  axis_ratio,     ///< x = (1 - a) / (1 + a)
  shear,          ///< (x, y) = a (cos 2b, sin 2b)
  polar,          ///< (x, y) = a (cos b, sin b)
  flux_from_mag,  ///< x = nmgy of magnitude a
  mag_from_flux,  ///< x = magnitude of a nmgy
  host_once,      ///< x = host of this injection_id in the permutation
  host_flux,      ///< x = flux of host a in band `payload`
  host_quantity,  ///< x = hosts.quantities[payload] of host a
  source_reff,    ///< x = half-light radius of source image a
  knots,          ///< the slots of knot_draws[payload]
  // Mass from light (plan_mass.cpp):
  distance_ratio,   ///< x = D_ls/D_s of lens redshift a and source redshift b
  theta_e,          ///< x = Einstein radius of sigma_v a and D_ls/D_s b
  absolute_mag,     ///< x = of magnitude a at redshift b, by faber_jacksons[payload]
  faber_jackson,    ///< x ~ sigma_v of absolute magnitude a, likewise
  host_axis_ratio,  ///< x ~ lens_q about host_q a, by from_hosts[payload]
  host_angle,       ///< x ~ lens_phi_rad about host_phi_rad a, likewise
};

struct Step {
  Operation operation = Operation::constant;
  Slot x = no_slot;
  Slot y = no_slot;
  Slot a = no_slot;
  Slot b = no_slot;
  double c = 0.0;
  std::size_t payload = 0;
  StreamTag tag{};
  std::uint16_t sub_stream = 0;
  int dimension = 0;  ///< first Sobol dimension, for steps that draw
  int factor = -1;    ///< of a Saltelli design that this step draws; -1: none
};

/// A joint table made ready for drawing.
struct Joint {
  std::vector<double> values;      ///< [row, quantity]
  std::vector<double> cumulative;  ///< of the weights, last = their sum; empty: equal
  std::size_t rows = 0;
  std::vector<Slot> slots;  ///< one per quantity; no_slot: overridden, left alone
};

/// Slots of a clumpy source: what its knots depend on and what they give.
struct KnotDraw {
  Slot number = no_slot;
  Slot reff = no_slot;
  Slot q = no_slot;
  Slot phi = no_slot;
  struct Of {
    Slot x = no_slot, y = no_slot, reff = no_slot, share = no_slot;
  };
  std::vector<Of> of{};  ///< per knot; no_slot: given, left alone
};

/// Where a finished quantity goes in the Injection.
struct Output {
  const Quantity* quantity = nullptr;
  int band = 0;
  Slot slot = no_slot;
  /// Depends on a cutout's flux: NaN is no error, nor a flux that is not positive.
  bool may_be_unmeasured = false;
  bool may_be_absent = false;  ///< a knot that the row does not have: NaN
  /// Given by the row, to be its host's: index into hosts.quantities; -1: not.
  int host_quantity = -1;
};

/// All that InjectionSampler needs to compute a row.
struct SamplingPlan {
  std::uint64_t seed = 0;
  BandNames bands;
  Design design = Design::random;
  SplitFractions split;
  bool split_given = false;
  HostSource host_source = HostSource::none;
  std::int64_t source_image_count = 0;  ///< 0: no source images
  int knot_count = 0;                   ///< 0: no clumpy sources
  PerBand<std::int64_t> psf_count{};    ///< 0: any index
  HostTable hosts;
  SourceTable sources;
  KnotPriors knot_priors;
  std::vector<std::int64_t> permutation;  ///< of the hosts, for HostPolicy::once

  std::size_t given_count = 0;  ///< the first slots are the given values
  std::vector<Sampler> samplers;
  std::vector<Joint> joints;
  std::vector<FaberJackson> faber_jacksons;
  std::vector<FromHost> from_hosts;
  Cosmology cosmology;
  LensMass lens_mass = LensMass::theta_e;
  std::vector<KnotDraw> knot_draws;  ///< at most one
  std::vector<Step> steps;
  std::vector<Output> outputs;
  std::vector<ScrambledSobol> dimensions;  ///< Design::sobol only
  /// Of a Saltelli design; 0: none. The first half of `dimensions` is then matrix A's,
  /// the second half B's.
  std::size_t factors = 0;

  std::vector<std::string> overridden;
  std::vector<std::string> unused;

  bool is_saltelli() const { return factors > 0; }
  /// Carry out one step. \throws DataError as InjectionSampler::sample.
  void apply(const Step& step, std::int64_t injection_id, Slots& slots) const;
  void apply_knots(const KnotDraw& draw, std::int64_t injection_id, Slots& slots) const;
  /// A checked index into the hosts.
  std::size_t host_of(double index, std::int64_t injection_id) const;
  std::int64_t host_once(std::int64_t injection_id) const;
  /// D_ls/D_s. \throws DataError for a source that is not behind its lens
  double distance_ratio_of(double lens_redshift, double src_redshift,
                           std::int64_t injection_id) const;
};

}  // namespace lensmill::catalogue
