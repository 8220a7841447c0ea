#pragma once

#include <cstdint>
#include <span>

namespace lensmill {

/// What a random number is for. Each quantity has its own named constant, never reused
/// and never renumbered, so that adding a draw shifts nothing else.
enum class StreamTag : std::uint16_t {
  // Catalogue: one tag per sampled quantity (see catalogue/; 1..199).
  theta_e = 1,
  lens_ellipticity = 2,
  lens_phi = 3,
  lens_gamma = 4,
  shear_magnitude = 5,
  shear_phi = 6,
  lens_x = 7,
  lens_y = 8,
  src_offset = 9,
  src_x = 10,
  src_y = 11,
  src_reff = 12,
  src_sersic_n = 13,
  src_ellipticity = 14,
  src_phi = 15,
  src_flux = 16,
  src_colour = 17,
  src_image_index = 18,
  shear_g1 = 19,
  shear_g2 = 20,
  src_offset_phi = 21,
  src_knots = 22,
  src_knot_flux_fraction = 23,
  src_knot_radius = 24,  // this and the next three: sub-stream = knot
  src_knot_phi = 25,
  src_knot_reff = 26,
  src_knot_flux_weight = 27,
  src_image_flip = 28,
  src_image = 29,  // never drawn: which galaxy, its rotation and flip
  host_index = 30,
  host_flux = 31,
  host_colour = 32,
  host_reff = 33,
  host_sersic_n = 34,
  host_ellipticity = 35,
  host_phi = 36,
  host_rotation = 37,
  host_flip = 38,
  src_point_fraction = 40,
  psf_index = 50,
  psf_fwhm = 51,
  psf_moffat_beta = 52,
  psf_position = 53,
  psf_position_y = 54,
  host_sky_position = 55,    // never drawn: where a survey image's host is
  host_image_position = 56,  // likewise
  host_offset = 57,          // likewise
  sky_sigma = 60,
  lens_redshift = 80,
  src_redshift = 81,
  lens_sigma_v = 82,
  host_absolute_mag = 83,
  split = 70,
  joint_table = 71,
  src_target_snr = 72,
  sobol_scramble = 73,
  host_permutation = 74,
  // Stages (200..299): sub-stream = band.
  host_poisson_noise = 200,
  sky_noise = 201,
  arc_poisson_noise = 202,
  correlated_sky_noise = 203,  // white noise on the torus, before the filter
  noise_invvar = 204,
  // Checks and tools (300..).
  verify_sample = 300,
  self_test = 301,
  // Analysis of a run (310..).
  analysis_group = 310,
  analysis_bootstrap = 311,
  analysis_design = 312,
  probe_sample = 320,
  audit_sample = 330,  // 400 to 402: a field (pipeline/field/places.hpp)
};

/// A counter-based random stream: Philox4x32-10 (Salmon et al. 2011, SC11), key = run
/// seed, counter = (injection_id, tag and sub-stream, block). Two streams with
/// different identities are independent; a stream's numbers depend on its identity
/// alone.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::int64_t injection_id, StreamTag tag,
               std::uint16_t sub_stream = 0);

  std::uint32_t bits();
  /// Uniform in the open interval (0, 1), 52 bits.
  double uniform();
  /// Standard normal deviate.
  double normal();
  /// Integer in [0, n), unbiased. n >= 1.
  std::uint64_t below(std::uint64_t n);

  // Many numbers at once (lib/core/random_bulk.hpp), from whole Philox blocks: a partly
  // used block is dropped. Element i depends on the stream and i alone, not on the
  // number of elements.
  /// The words bits() would give; any number.
  void fill_bits(std::span<std::uint32_t> out);
  /// Standard normal deviates, |z| <= 6.66.
  void fill_normal(std::span<float> out);
  /// One Poisson deviate per mean, one uniform each, monotone in the mean; 0 for a mean
  /// <= 0 or NaN. Exact below a mean of 30; above, an expansion whose total variation
  /// distance is below 1.4e-5 and falls as 1/mean^(5/3) or faster.
  void fill_poisson(std::span<const double> mean, std::span<double> out);

 private:
  void refill();
  void bulk_words(std::span<std::uint32_t> words);

  std::uint32_t key_[2];
  std::uint32_t counter_[4];
  std::uint32_t block_[4] = {};
  int used_ = 4;
};

/// The random streams of one injection: what a stage is handed.
struct InjectionStreams {
  std::uint64_t seed = 0;
  std::int64_t injection_id = 0;

  RandomStream stream(StreamTag tag, int sub_stream = 0) const {
    return {seed, injection_id, tag, static_cast<std::uint16_t>(sub_stream)};
  }
};

}  // namespace lensmill
