#include "stages/config/read_sampler.hpp"

#include <fmt/format.h>

#include <array>

#include "lib/catalogue/quantities.hpp"
#include "stages/config/read_csv.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

using catalogue::Sampler;

constexpr std::string_view documented_form = "<sampler>";
constexpr std::array<std::string_view, 7> kinds = {
    "constant", "uniform", "normal", "lognormal", "choice", "power_law", "histogram"};

catalogue::Normal read_normal(const Section& form) {
  const Section section = form.section("normal");
  catalogue::Normal normal;
  normal.mean = section.number("mean", any_number);
  normal.sigma = section.number("sigma", positive);
  if (section.has("clip")) {
    if (section.has("min") || section.has("max")) {
      section.problem(
          "clip",
          "goes without min and max (clip moves values onto the bounds, min "
          "and max cut the distribution there)");
    }
    const auto clip = section.pair("clip", any_number);
    normal.min = clip[0];
    normal.max = clip[1];
    normal.tails = catalogue::Tails::clip;
    return normal;
  }
  normal.min = section.optional_number("min", any_number).value_or(normal.min);
  normal.max = section.optional_number("max", any_number).value_or(normal.max);
  return normal;
}

catalogue::Lognormal read_lognormal(const Section& form) {
  const Section section = form.section("lognormal");
  catalogue::Lognormal lognormal;
  lognormal.median = section.number("median", positive);
  lognormal.sigma_dex = section.number("sigma_dex", positive);
  lognormal.min = section.number("min", non_negative, 0.0);
  lognormal.max = section.optional_number("max", positive).value_or(lognormal.max);
  return lognormal;
}

catalogue::Choice read_choice(const Section& form) {
  if (!form.is_map("choice")) return {.values = form.numbers("choice", any_number)};
  const Section section = form.section("choice");
  catalogue::Choice choice{.values = section.numbers("values", any_number)};
  if (section.has("weights")) choice.weights = section.numbers("weights", non_negative);
  return choice;
}

/// The unit of a prior's values, by its key or the one above it (a band's name is no
/// help); "" where they have none.
std::string unit_of_key(std::string path) {
  for (int up = 0; up < 2; ++up) {
    const auto dot = path.rfind('.');
    const auto key = path.substr(dot == std::string::npos ? 0 : dot + 1);
    if (const auto quantity = catalogue::find_quantity(key)) {
      return std::string(quantity->quantity->unit);
    }
    for (const char* unit : {"arcsec", "rad", "deg", "pix", "nmgy", "mag"}) {
      if (key.ends_with(std::string("_") + unit)) return unit;
    }
    path.erase(dot == std::string::npos ? 0 : dot);
  }
  return "";
}

catalogue::Histogram read_histogram(const Section& form) {
  const Section section = form.section("histogram");
  catalogue::Histogram histogram;
  if (!section.has("file")) {
    histogram.edges = section.numbers("edges", any_number);
    histogram.weights = section.numbers("weights", non_negative);
    return histogram;
  }
  const auto unit = unit_of_key(form.path());
  const auto edges = read_csv(section, "file", {"lower", "upper"}, unit);
  const auto weights = read_csv(section, "file", {"weight"});
  if (edges[0].size() != weights[0].size()) return histogram;  // reported already
  const std::vector<std::vector<double>> columns{edges[0], edges[1], weights[0]};
  for (std::size_t bin = 0; bin < columns[0].size(); ++bin) {
    if (bin > 0 && columns[0][bin] != columns[1][bin - 1]) {
      section.problem("file",
                      fmt::format("bin {}: lower must be the upper end of the "
                                  "bin before (got {} and {})",
                                  bin + 1, columns[0][bin], columns[1][bin - 1]));
      break;
    }
    if (bin == 0) histogram.edges.push_back(columns[0][bin]);
    histogram.edges.push_back(columns[1][bin]);
    histogram.weights.push_back(columns[2][bin]);
  }
  return histogram;
}

Sampler read_form(const Section& form, const std::string& kind) {
  if (kind == "constant")
    return catalogue::Constant{form.number("constant", any_number)};
  if (kind == "uniform") {
    const auto range = form.pair("uniform", any_number);
    return catalogue::Uniform{.min = range[0], .max = range[1]};
  }
  if (kind == "normal") return read_normal(form);
  if (kind == "lognormal") return read_lognormal(form);
  if (kind == "choice") return read_choice(form);
  if (kind == "power_law") {
    const Section section = form.section("power_law");
    return catalogue::PowerLaw{.index = section.number("index", any_number),
                               .min = section.number("min", positive),
                               .max = section.number("max", positive)};
  }
  return read_histogram(form);
}

/// `from_host: {sigma: 0.1}` of lens_q, `{sigma_rad: 0.2}` of lens_phi_rad.
catalogue::FromHost read_from_host(const Section& form, std::string_view quantity) {
  const Section section = form.section("from_host");
  catalogue::FromHost shape;
  if (quantity == "lens_phi_rad") {
    shape.sigma = section.number("sigma_rad", non_negative);
    return shape;
  }
  shape.sigma = section.number("sigma", non_negative);
  shape.min = section.number("min", closed(0.0, 1.0), shape.min);
  return shape;
}

catalogue::FaberJackson read_faber_jackson(const Section& form) {
  const Section section = form.section("faber_jackson");
  return {.band = section.text("band"),
          .sigma_v_star_km_s = section.number("sigma_v_star_km_s", positive),
          .mag_star = section.number("mag_star", any_number),
          .exponent = section.number("exponent", positive),
          .scatter_dex = section.number("scatter_dex", non_negative),
          .k_correction_mag = section.numbers("k_correction_mag", any_number),
          .evolution_mag =
              section.numbers("evolution_mag", any_number, std::vector<double>{0.0})};
}

/// The value if its parameters make a distribution; else a problem.
template <class T>
std::optional<T> checked(const Section& section, std::string_view key, T value) {
  const auto problem = catalogue::problem_of(value);
  if (problem.empty()) return value;
  section.problem(key, problem);
  return {};
}

}  // namespace

std::optional<Sampler> read_sampler(const Section& section, std::string_view key) {
  section.describe(key, "sampler");
  if (!section.has(key)) return {};
  if (section.is_scalar(key)) {
    const auto value = section.optional_number(key, any_number);
    if (!value) return {};
    return catalogue::Constant{*value};
  }
  const Section form = section.form(key, documented_form);
  if (!section.is_map(key)) return {};
  const auto before = section.problem_count();
  const auto kind = form.one_of(kinds);
  if (!kind) {
    return {};
  }
  Sampler sampler = read_form(form, *kind);
  if (section.problem_count() > before) return {};
  return checked(section, key, std::move(sampler));
}

std::optional<catalogue::Prior> read_prior(const Section& section,
                                           std::string_view key) {
  if (!section.is_map(key)) {
    auto sampler = read_sampler(section, key);
    if (!sampler) return {};
    return catalogue::Prior{std::move(*sampler)};
  }
  const Section form = section.form(key, documented_form);
  if (form.has("multiple_of")) {
    section.describe(key, "sampler");
    const Section multiple = form.section("multiple_of");
    return catalogue::MultipleOf{.column = multiple.text("column"),
                                 .factor = multiple.number("factor", any_number, 1.0)};
  }
  if (form.has("from_host") || form.has("faber_jackson")) {
    section.describe(key, "sampler");
    const auto before = section.problem_count();
    const auto prior = form.has("from_host")
                           ? catalogue::Prior{read_from_host(form, key)}
                           : catalogue::Prior{read_faber_jackson(form)};
    if (section.problem_count() > before) return {};
    return checked(section, key, prior);
  }
  auto sampler = read_sampler(section, key);
  if (!sampler) return {};
  return catalogue::Prior{std::move(*sampler)};
}

bool add_prior(const Section& section, std::string_view key,
               const std::string& quantity, catalogue::Priors& priors) {
  if (!section.has(key)) {
    section.describe(key, "sampler");
    return false;
  }
  if (auto prior = read_prior(section, key)) {
    priors.entries.push_back({.quantity = quantity,
                              .prior = std::move(*prior),
                              .where = where(section, key)});
  }
  return true;
}

}  // namespace lensmill::config
