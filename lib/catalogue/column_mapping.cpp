#include "lib/catalogue/column_mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "lib/catalogue/column_units.hpp"
#include "lib/catalogue/quantities.hpp"
#include "lib/core/units.hpp"

namespace lensmill::catalogue {
namespace {

constexpr double deg_per_rad = 180.0 / std::numbers::pi;
constexpr std::array<std::string_view, 3> objects{"lens", "src", "host"};

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t") == std::string::npos;
}

std::string ours_unit(const std::string& ours) {
  const auto found = find_quantity(ours);
  return found ? std::string(found->quantity->unit) : "";
}

bool is_magnitude(std::string_view unit) {
  return !unit.empty() && convert_unit(unit, "mag").problem.empty();
}

/// A difference of magnitudes has no zero point.
bool is_difference(std::string_view ours) {
  return ours.find("_colour_") != std::string_view::npos ||
         ours.find("_minus_") != std::string_view::npos;
}

std::string choices_for(const std::string& ours_unit) {
  if (ours_unit.empty()) return "none";
  if (ours_unit == "rad" || ours_unit == "deg") return "rad or deg";
  if (ours_unit == "arcsec" || ours_unit == "pix") return "arcsec, pix, deg or rad";
  if (ours_unit == "nmgy") return "nmgy, maggies, nJy, uJy, Jy or mag";
  return ours_unit;
}

/// From `unit` to ours; nothing where it is none of ours.
std::optional<double> factor_between(std::string_view unit, std::string_view ours,
                                     double pixel_scale_arcsec) {
  if (unit == "none") unit = "";
  const auto direct = convert_unit(unit, ours);
  if (direct.problem.empty()) return direct.factor;
  // A pixel is an angle on the stamp, but none to measure a direction with.
  const auto is_pixel = [](std::string_view text) {
    return convert_unit(text, "pix").problem.empty();
  };
  if (ours == "arcsec" && is_pixel(unit)) return pixel_scale_arcsec;
  if (ours == "pix") {
    const auto angle = convert_unit(unit, "arcsec");
    if (angle.problem.empty()) return angle.factor / pixel_scale_arcsec;
  }
  return std::nullopt;
}

double axis_ratio(double e, EllipticityForm form) {
  switch (form) {
    case EllipticityForm::over_sum: return (1.0 - e) / (1.0 + e);
    case EllipticityForm::over_sum_of_squares: return std::sqrt((1.0 - e) / (1.0 + e));
    case EllipticityForm::one_minus_q: return 1.0 - e;
  }
  return std::nan("");
}

/// "lens" of lens_e1.
std::string object_of(const std::string& component) {
  return component.substr(0, component.find('_'));
}

}  // namespace

bool is_ellipticity_component(std::string_view ours) {
  return std::ranges::any_of(objects, [&](auto object) {
    return ours == fmt::format("{}_e1", object) || ours == fmt::format("{}_e2", object);
  });
}

bool is_position_angle(std::string_view ours) {
  return ours.find("_phi_") != std::string_view::npos;
}

std::string unit_problem(const std::string& ours, const std::string& unit) {
  const auto wanted = ours_unit(ours);
  const bool as_magnitude = wanted == "nmgy" && is_magnitude(unit);
  if (as_magnitude || factor_between(unit, wanted, 1.0)) return "";
  return fmt::format("must be {} (got {})", choices_for(wanted), unit);
}

RowMapping::RowMapping(const ColumnMapping& mapping, const UnitOf& unit_of)
    : grid_(mapping.grid), magnitudes_are_ab_(mapping.magnitudes_are_ab) {
  const auto& conventions = mapping.conventions;
  const auto zero = conventions.angle_zero.value_or(AngleZero::x);
  from_north_ = zero == AngleZero::north;
  angle_sign_ = conventions.angle_clockwise.value_or(false) ? -1.0 : 1.0;
  angle_zero_rad_ = zero == AngleZero::y ? 0.5 * std::numbers::pi : 0.0;
  form_ = conventions.ellipticity.value_or(EllipticityForm::over_sum);
  for (std::size_t k = 0; k < mapping.columns.size(); ++k) {
    const auto& map = mapping.columns[k];
    inputs_.push_back(map.theirs);
    const auto stated = unit_of(map.theirs);
    if (is_ellipticity_component(map.ours)) {
      const auto unit = unit_of_column(map, stated);
      if (factor_between(unit, "", 1.0) != 1.0) {
        problem(map.ours, fmt::format("`{}` has the unit `{}`, but a component of an "
                                      "ellipticity has none",
                                      map.theirs, unit));
      }
      if (map.ours.ends_with("_e1")) add_pair(mapping, k);
    } else {
      add_plain(map, k, stated);
    }
  }
  for (const auto& [name, value] : mapping.constants) {
    constants_.emplace_back(outputs_.size(), value);
    outputs_.push_back(name);
    sources_.emplace_back();
  }
  if (conventions.theta_e_major_axis.value_or(false))
    add_radius("theta_e_arcsec", "lens");
  if (conventions.src_reff_major_axis.value_or(false))
    add_radius("src_reff_arcsec", "src");
  if (conventions.host_reff_major_axis.value_or(false))
    add_radius("host_reff_arcsec", "host");
  add_positions(mapping);
}

std::string RowMapping::source_of(const std::string& ours) const {
  const auto at = output(ours);
  return at ? sources_[*at] : "";
}

std::optional<std::size_t> RowMapping::output(const std::string& ours) const {
  const auto at = std::ranges::find(outputs_, ours);
  if (at == outputs_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - outputs_.begin());
}

/// The unit that counts: the mapping's, else the file's; they may not differ.
std::string RowMapping::unit_of_column(const ColumnMap& map,
                                       const std::optional<std::string>& stated) {
  const bool has_stated = stated && !is_blank(*stated);
  if (map.unit.empty()) {
    if (has_stated) return *stated;
    const auto ours = ours_unit(map.ours);
    if (stated && !ours.empty()) {
      problem(map.ours,
              fmt::format("unit: required, but missing: in what unit is `{}` ({} is in "
                          "{})? The file does not say: add `unit: ` with {}",
                          map.theirs, map.ours, ours, choices_for(ours)));
    }
    return ours;
  }
  const auto unit = map.unit == "none" ? std::string() : map.unit;
  if (!has_stated) return unit;
  const auto conversion = convert_unit(*stated, unit);
  if (!conversion.problem.empty() || conversion.factor != 1.0) {
    problem(map.ours,
            fmt::format("the file says that `{}` is in `{}`, the mapping says `{}`; "
                        "correct the wrong one (without `unit` the file's is taken)",
                        map.theirs, *stated, map.unit));
  }
  return unit;
}

void RowMapping::add_plain(const ColumnMap& map, std::size_t in,
                           const std::optional<std::string>& stated) {
  const auto ours = ours_unit(map.ours);
  const auto unit = unit_of_column(map, stated);
  Plain plain{.in = in, .out = outputs_.size(), .flux_of_zero_point_mag = {}};
  outputs_.push_back(map.ours);
  sources_.push_back(fmt::format("`{}`", map.theirs));
  const bool as_magnitude = ours == "nmgy" && is_magnitude(unit);
  const bool needs_zero_point =
      as_magnitude || (ours == "mag" && !is_difference(map.ours));
  if (needs_zero_point && !map.zero_point_mag && !magnitudes_are_ab_) {
    problem(map.ours,
            fmt::format("`{}` is a magnitude, of which the zero point must be stated: "
                        "add `zero_point_mag: 22.5` if it is an AB magnitude, else the "
                        "magnitude that 1 nmgy has in its system",
                        map.theirs));
  }
  if (map.zero_point_mag && !needs_zero_point) {
    problem(map.ours, fmt::format("zero_point_mag is for magnitudes, but `{}` is in {}",
                                  map.theirs, unit.empty() ? "no unit" : unit));
  }
  const auto factor = as_magnitude
                          ? convert_unit(unit, "mag").factor
                          : factor_between(unit, ours, grid_.pixel_scale_arcsec);
  if (!factor) {
    problem(map.ours, fmt::format("the unit of `{}` must be {} (got {})", map.theirs,
                                  choices_for(ours), unit));
    return;
  }
  plain.factor = *factor * map.factor;
  plain.offset = *factor * map.offset;
  const double zero_point = map.zero_point_mag.value_or(nanomaggy_zero_point_mag);
  if (as_magnitude) plain.flux_of_zero_point_mag = zero_point;
  if (ours == "mag" && needs_zero_point) {
    plain.offset += nanomaggy_zero_point_mag - zero_point;
  }
  if (is_position_angle(map.ours)) {
    plain.factor *= angle_sign_;
    plain.offset = angle_sign_ * plain.offset +
                   angle_zero_rad_ * (ours == "deg" ? deg_per_rad : 1.0);
    if (from_north_) sky_angles_.push_back(map.ours);
  }
  plain.is_ellipticity =
      map.ours.ends_with("_ellipticity") && form_ != EllipticityForm::over_sum;
  plain_.push_back(plain);
}

void RowMapping::add_pair(const ColumnMapping& mapping, std::size_t e1) {
  const auto& first = mapping.columns[e1];
  const auto object = object_of(first.ours);
  const auto second =
      std::ranges::find(mapping.columns, object + "_e2", &ColumnMap::ours);
  if (second == mapping.columns.end()) {
    problem(first.ours, fmt::format("{}_e2 is missing beside it", object));
    return;
  }
  pairs_.push_back({.e1 = e1,
                    .e2 = static_cast<std::size_t>(second - mapping.columns.begin()),
                    .q = outputs_.size(),
                    .phi = outputs_.size() + 1,
                    .factor1 = first.factor,
                    .offset1 = first.offset,
                    .factor2 = second->factor,
                    .offset2 = second->offset});
  for (const auto* end : {"_q", "_phi_rad"}) {
    outputs_.push_back(object + end);
    sources_.push_back(fmt::format("`{}`, `{}`", first.theirs, second->theirs));
  }
  if (from_north_) sky_angles_.push_back(object + "_phi_rad");
}

void RowMapping::add_radius(const std::string& radius, const std::string& of) {
  const auto at = output(radius);
  if (!at) return;
  const auto q = output(of + "_q");
  const auto e = output(of + "_ellipticity");
  if (!q && !e) {
    problem(radius,
            fmt::format("a radius on the major axis needs its axis ratio in each row: "
                        "map {}_q, too (or {}_ellipticity, or {}_e1 and {}_e2)",
                        of, of, of, of));
    return;
  }
  radii_.push_back({.radius = *at, .shape = q ? *q : *e, .is_ellipticity = !q});
}

void RowMapping::add_positions(const ColumnMapping& mapping) {
  const auto& conventions = mapping.conventions;
  const int n = grid_.stamp_size_pix;
  const int middle = n / 2;
  if (conventions.origin_is_half_n.value_or(false)) {
    shift_arcsec_ = (middle - 0.5 * (n - 1)) * grid_.pixel_scale_arcsec;
  }
  for (const std::string axis : {"x", "y"}) {
    const auto source = output("src_" + axis + "_arcsec");
    const auto lens = output("lens_" + axis + "_arcsec");
    if (lens) shifted_.push_back(*lens);
    if (!conventions.src_position_absolute.value_or(false) || !source) continue;
    if (!lens) {
      problem(
          "src_" + axis + "_arcsec",
          fmt::format("src_position: absolute needs lens_{}_arcsec in each row, too",
                      axis));
      continue;
    }
    relative_.emplace_back(*source, *lens);
  }
}

std::string RowMapping::apply(std::span<const double> theirs,
                              std::span<double> ours) const {
  std::string wrong;
  for (const auto& plain : plain_) {
    double value = plain.factor * theirs[plain.in] + plain.offset;
    if (plain.flux_of_zero_point_mag) {
      value = std::pow(10.0, 0.4 * (*plain.flux_of_zero_point_mag - value));
    }
    if (plain.is_ellipticity) {
      const double q = axis_ratio(value, form_);
      value = (1.0 - q) / (1.0 + q);
    }
    ours[plain.out] = value;
  }
  for (const auto& pair : pairs_) {
    const double e1 = pair.factor1 * theirs[pair.e1] + pair.offset1;
    const double e2 = pair.factor2 * theirs[pair.e2] + pair.offset2;
    const double e = std::hypot(e1, e2);
    if (e >= 1.0) {
      wrong = fmt::format("|e| must be below 1 (got {:.6g} from {:.6g}, {:.6g} in {})",
                          e, e1, e2, sources_[pair.q]);
    }
    ours[pair.q] = axis_ratio(e, form_);
    ours[pair.phi] = angle_sign_ * 0.5 * std::atan2(e2, e1) + angle_zero_rad_;
  }
  for (const auto& [out, value] : constants_) ours[out] = value;
  for (const auto& radius : radii_) {
    const double shape = ours[radius.shape];
    const double q = radius.is_ellipticity ? (1.0 - shape) / (1.0 + shape) : shape;
    ours[radius.radius] *= std::sqrt(q);
  }
  for (const auto& [source, lens] : relative_) ours[source] -= ours[lens];
  for (const auto lens : shifted_) ours[lens] += shift_arcsec_;
  return wrong;
}

}  // namespace lensmill::catalogue
