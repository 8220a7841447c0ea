#include "stages/config/read_mapping.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/catalogue/quantities.hpp"
#include "lib/config/scalars.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

using catalogue::AngleZero;
using catalogue::ColumnMap;
using catalogue::ColumnMapping;
using catalogue::EllipticityForm;
using catalogue::MappingConventions;

constexpr Named<AngleZero> zeros[] = {
    {"x", AngleZero::x}, {"y", AngleZero::y}, {"north", AngleZero::north}};
constexpr Named<bool> directions[] = {{"counterclockwise", false}, {"clockwise", true}};
constexpr Named<bool> positions[] = {{"relative", false}, {"absolute", true}};
constexpr Named<bool> radii[] = {{"circularised", false}, {"major_axis", true}};
constexpr Named<bool> origins[] = {{"(N-1)/2", false}, {"N/2", true}};
constexpr Named<EllipticityForm> forms[] = {
    {"(1-q)/(1+q)", EllipticityForm::over_sum},
    {"(1-q^2)/(1+q^2)", EllipticityForm::over_sum_of_squares},
    {"1-q", EllipticityForm::one_minus_q}};

/// Whether a column is one of some.
auto is(std::vector<std::string> names) {
  return [names = std::move(names)](const std::string& ours) {
    return std::ranges::find(names, ours) != names.end();
  };
}

/// Reads `conventions`, where what is needed must be stated.
class Conventions {
 public:
  Conventions(const Section& section, const ColumnMapping& mapping, Unstated unstated)
      : section_(section.form("conventions", "<conventions>")),
        mapping_(mapping),
        unstated_(unstated) {}

  MappingConventions read() const {
    using catalogue::is_ellipticity_component;
    using catalogue::is_position_angle;
    MappingConventions out;
    const auto is_angle = [](const std::string& ours) {
      return is_position_angle(ours) || is_ellipticity_component(ours) ||
             ours == "shear_g1" || ours == "shear_g2";
    };
    out.angle_zero = one("angle_zero", zeros, AngleZero::x, is_angle);
    if (out.angle_zero == AngleZero::north) {
      if (section_.has("angle_direction")) {
        section_.problem("angle_direction",
                         "goes with angle_zero: x or y; angles from north run through "
                         "east, as the host's WCS has it");
      }
    } else {
      out.angle_clockwise = one("angle_direction", directions, false, is_angle);
    }
    out.src_position_absolute =
        one("src_position", positions, false, is({"src_x_arcsec", "src_y_arcsec"}));
    out.theta_e_major_axis = one("theta_e", radii, false, is({"theta_e_arcsec"}));
    out.src_reff_major_axis = one("src_reff", radii, false, is({"src_reff_arcsec"}));
    out.host_reff_major_axis = one("host_reff", radii, false, is({"host_reff_arcsec"}));
    out.origin_is_half_n =
        one("origin", origins, false, is({"lens_x_arcsec", "lens_y_arcsec"}));
    out.ellipticity = one(
        "ellipticity", forms, EllipticityForm::over_sum, [](const std::string& ours) {
          return is_ellipticity_component(ours) || ours.ends_with("_ellipticity");
        });
    if (out.ellipticity == EllipticityForm::one_minus_q) refuse_components();
    if (unstated_ == Unstated::is_error) refuse_turned_shear(out);
    return out;
  }

 private:
  /// A convention, if it is stated; else a problem where a column needs it.
  template <class E, std::size_t N, class Needs>
  std::optional<E> one(std::string_view key, const Named<E> (&names)[N], E fallback,
                       Needs&& needs) const {
    if (section_.has(key)) return section_.choice<E>(key, names);
    std::vector<std::string> columns;
    for (const auto& map : mapping_.columns) {
      if (needs(map.ours)) columns.push_back(map.ours);
    }
    if (unstated_ == Unstated::is_default) {
      return section_.choice<E>(key, names, fallback);
    }
    if (columns.empty()) return std::nullopt;
    std::vector<std::string_view> choices;
    for (const auto& named : names) choices.push_back(named.first);
    section_.problem(
        key, fmt::format("required with {}, but missing: {}", fmt::join(columns, ", "),
                         fmt::join(choices, " or ")));
    return std::nullopt;
  }

  void refuse_components() const {
    for (const auto& map : mapping_.columns) {
      if (!catalogue::is_ellipticity_component(map.ours)) continue;
      section_.problem("ellipticity",
                       "1-q is of an ellipticity alone, components such as " +
                           map.ours + " are (1-q)/(1+q) or (1-q^2)/(1+q^2)");
      return;
    }
  }

  /// Components of the shear are along the stamp's axes.
  void refuse_turned_shear(const MappingConventions& stated) const {
    const bool turned = stated.angle_zero.value_or(AngleZero::x) != AngleZero::x ||
                        stated.angle_clockwise.value_or(false);
    for (const auto& map : mapping_.columns) {
      if (!turned || (map.ours != "shear_g1" && map.ours != "shear_g2")) continue;
      section_.problem("angle_zero",
                       map.ours +
                           " is a component along the stamp's x; give a shear in "
                           "other axes as shear_magnitude and shear_phi_rad");
      return;
    }
  }

  Section section_;
  const ColumnMapping& mapping_;
  Unstated unstated_;
};

bool is_known(const Section& columns, const std::string& name, const BandNames& bands) {
  const bool known = catalogue::find_quantity(name) || name == "injection_id" ||
                     catalogue::is_ellipticity_component(name);
  if (known && name != "src_offset") return true;
  const auto nearest = catalogue::nearest_quantity(name, bands);
  columns.problem(name, "unknown quantity" +
                            (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
  return false;
}

ColumnMap read_column(const Section& columns, const std::string& name,
                      std::string_view theirs_key) {
  ColumnMap map{.ours = name, .theirs = {}, .unit = {}, .zero_point_mag = {}};
  map.where = columns.path(name) + columns.location(name).text();
  columns.describe(name, "column, or a map");
  if (!columns.is_map(name)) {
    map.theirs = columns.text(name);
    return map;
  }
  const Section section = columns.form(name, "<column>");
  map.theirs = section.text(theirs_key);
  if (section.has("unit")) {
    map.unit = section.text("unit");
    const auto problem = catalogue::unit_problem(name, map.unit);
    if (!problem.empty()) section.problem("unit", problem);
  }
  map.factor = section.number("factor", any_number, 1.0);
  map.offset = section.number("offset", any_number, 0.0);
  map.zero_point_mag = section.optional_number("zero_point_mag", closed(0.0, 60.0));
  if (name == "injection_id" && (map.factor != 1.0 || map.offset != 0.0)) {
    section.problem("", "an injection_id is taken as it is, without factor and offset");
  }
  return map;
}

/// Both components, and nothing beside them that says the same.
void check_components(const Section& columns, const ColumnMapping& mapping) {
  const auto has = [&](const std::string& ours) {
    return std::ranges::find(mapping.columns, ours, &ColumnMap::ours) !=
           mapping.columns.end();
  };
  for (const std::string object : {"lens", "src", "host"}) {
    const auto first = object + "_e1";
    const auto second = object + "_e2";
    if (!has(first) && !has(second)) continue;
    if (!has(first)) columns.problem(second, first + " is missing beside it");
    if (!has(second)) columns.problem(first, second + " is missing beside it");
    for (const auto* other : {"_q", "_ellipticity", "_phi_rad", "_phi_deg"}) {
      if (has(object + other)) {
        columns.problem(object + other,
                        fmt::format("{} and {} say it already", first, second));
      }
    }
  }
}

}  // namespace

ColumnMapping read_mapping(const Section& section, const BandNames& bands,
                           const PixelGrid& grid, std::string_view theirs_key,
                           Unstated unstated) {
  ColumnMapping mapping{.columns = {},
                        .conventions = {},
                        .grid = grid,
                        .magnitudes_are_ab = unstated == Unstated::is_default};
  const Section columns = section.section("columns");
  for (const auto& name : columns.keys()) {
    const bool known = is_known(columns, name, bands);
    auto map = read_column(columns, name, theirs_key);
    if (known) mapping.columns.push_back(std::move(map));
  }
  check_components(columns, mapping);
  mapping.conventions = Conventions(section, mapping, unstated).read();
  return mapping;
}

namespace {

/// A limit of a cut: an integer as it is written, else a double.
catalogue::CutNumber limit_of(const Node& node, double number) {
  if (const auto whole = parse_integer(node)) return *whole;
  if (const auto whole = parse_unsigned(node)) return *whole;
  return number;
}

}  // namespace

std::vector<catalogue::TableCut> read_cuts(const Section& section) {
  const Section cuts = section.section("cuts");
  std::vector<catalogue::TableCut> out;
  for (const auto& column : cuts.keys()) {
    catalogue::TableCut cut{.column = column,
                            .wanted = catalogue::CutRange{},
                            .where = where(cuts, column)};
    cuts.describe(column, "[min, max], true or false, or list of texts");
    const Node* value = cuts.node(column);
    const auto is_number = [](const Node& node) {
      return parse_number(node).has_value();
    };
    if (cuts.is_word(column, "true") || cuts.is_word(column, "false")) {
      cut.wanted = cuts.flag(column);
    } else if (cuts.is_list(column) && !value->items.empty() &&
               !std::ranges::all_of(value->items, is_number)) {
      cut.wanted = cuts.texts(column);
    } else if (cuts.is_scalar(column) && !is_number(*value)) {
      cut.wanted = std::vector{cuts.text(column)};
    } else {
      const auto range = cuts.pair(column, any_number);
      if (range[0] > range[1]) {
        cuts.problem(column,
                     fmt::format("must be [min, max], min <= max (got [{}, {}])",
                                 range[0], range[1]));
      }
      if (value->items.size() == 2) {
        cut.wanted = catalogue::CutRange{.lower = limit_of(value->items[0], range[0]),
                                         .upper = limit_of(value->items[1], range[1])};
      }
    }
    out.push_back(std::move(cut));
  }
  return out;
}

}  // namespace lensmill::config
