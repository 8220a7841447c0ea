#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stages/config/host_files.hpp"

/// \file
/// Units of pixel values as FITS headers write them: `nanomaggy`, `1/nanomaggy**2`,
/// `nanomaggy arcsec-2`, `electrons/s`.

namespace lensmill::pipeline {

/// What a unit's text says. Nothing is set of a text that is not known.
struct ImageUnit {
  std::optional<double> zero_point_mag{};  ///< AB magnitude of one of the base unit
  bool counts = false;       ///< of a detector: of no zero point by itself
  bool magnitude = false;    ///< a logarithm
  bool per_arcsec2 = false;  ///< surface brightness
  bool per_angle = false;    ///< per other solid angle or beam
  bool per_time = false;     ///< a rate

  bool is_surface_brightness() const { return per_arcsec2 || per_angle; }
  /// A flux per pixel whose zero point is known.
  bool is_flux() const {
    return zero_point_mag && !is_surface_brightness() && !per_time && !magnitude;
  }
};
/// \param text in small letters
ImageUnit image_unit_of(std::string text);

/// What the unit of a weight says that it is, and of which unit's noise: "nanomaggy" of
/// "1/nanomaggy^2".
struct WeightUnit {
  config::WeightKind kind = config::WeightKind::invvar;
  std::string base;  ///< "" where it is no power of a unit
};
/// \param text in small letters
WeightUnit weight_unit_of(std::string text);

/// What an HDU's name says that its weights are: RMS, SIGMA, VARIANCE, INVVAR, ...;
/// nothing for other names.
std::optional<config::WeightKind> weight_kind_of_name(std::string_view name);

}  // namespace lensmill::pipeline
