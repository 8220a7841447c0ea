#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lensmill {

/// What became of one injection; stored as int32 in /measurements/status.
enum class Status : std::int32_t {
  ok = 0,
  ring = 1,              ///< a full Einstein ring: no discrete images (not a failure)
  unlensed = 2,          ///< theta_e_arcsec = 0 (not a failure)
  not_converged = 10,    ///< the integrator's error estimate misses the tolerance
  image_search = 11,     ///< point-image search did not satisfy the parity count
  no_flux = 12,          ///< the arc has no flux in the stamp: fractions undefined
  snr_unreachable = 13,  ///< no source flux gives the target SNR
  bad_host = 14,         ///< host pixels unusable (non-finite, off the image)
  bad_psf = 15,          ///< this row's kernel is unusable
  no_coverage = 16,      ///< no place of noise.invvar covers the stamp
  bad_source = 17,       ///< the galaxy's image has no light to take, or bad pixels
  too_magnified = 18,    ///< a point source so near a caustic that its size counts
};

/// Every status, in order.
inline constexpr std::array all_statuses{Status::ok,
                                         Status::ring,
                                         Status::unlensed,
                                         Status::not_converged,
                                         Status::image_search,
                                         Status::no_flux,
                                         Status::snr_unreachable,
                                         Status::bad_host,
                                         Status::bad_psf,
                                         Status::no_coverage,
                                         Status::bad_source,
                                         Status::too_magnified};

/// Whether the status counts towards run.max_failed_fraction.
constexpr bool is_failure(Status status) { return static_cast<int>(status) >= 10; }

/// Whether later stages have something to work on.
constexpr bool can_go_on(Status status) {
  return status != Status::bad_host && status != Status::bad_psf &&
         status != Status::no_coverage && status != Status::bad_source &&
         status != Status::too_magnified;
}

/// Whether a row of this status has images: elsewhere they are NaN.
constexpr bool has_images(Status status) {
  return can_go_on(status) && status != Status::snr_unreachable;
}

/// The enumerator's name, as printed in summaries and dataset attributes.
constexpr std::string_view to_string(Status status) {
  switch (status) {
    case Status::ok: return "ok";
    case Status::ring: return "ring";
    case Status::unlensed: return "unlensed";
    case Status::not_converged: return "not_converged";
    case Status::image_search: return "image_search";
    case Status::no_flux: return "no_flux";
    case Status::snr_unreachable: return "snr_unreachable";
    case Status::bad_host: return "bad_host";
    case Status::bad_psf: return "bad_psf";
    case Status::no_coverage: return "no_coverage";
    case Status::bad_source: return "bad_source";
    case Status::too_magnified: return "too_magnified";
  }
  return "unknown";
}

}  // namespace lensmill
