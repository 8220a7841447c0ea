#include "lib/catalogue/quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "lib/core/edit_distance.hpp"
#include "lib/core/text.hpp"

namespace lensmill::catalogue {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
// Far beyond any stamp; catches values in the wrong unit.
constexpr double farthest_arcsec = 1000.0;
constexpr double largest_index = 9007199254740992.0;  // 2^53: exact as a double

constexpr Range any{-inf, inf, true, true};
constexpr Range axis_ratio{0.0, 1.0, true, false};
constexpr Range ellipticity{0.0, 1.0, false, true};
constexpr Range position{-farthest_arcsec, farthest_arcsec};
constexpr Range size{0.0, farthest_arcsec, true, false};
constexpr Range sersic_n{0.3, 8.0};
constexpr Range flux{0.0, inf, false, true};
constexpr Range index_range{0.0, largest_index, false, false, true};
constexpr Range identifier{-largest_index, largest_index, false, false, true};
constexpr Range knot_number{0.0, max_knots, false, false, true};
constexpr Range share{0.0, 1.0};
constexpr Range shear_component{-1.0, 1.0, true, true};
// Fainter than anything; 99 stands for "not measured" in many catalogues.
constexpr Range mag{-50.0, 50.0};
constexpr Range colour{-50.0, 50.0};
constexpr Range fwhm{0.0, 1000.0, true, false};
constexpr Range redshift{0.0, 20.0, true, false};
// A rich cluster has 1000 km/s; catches m/s.
constexpr Range sigma_v{0.0, 3000.0, true, false};

using I = Injection;
using T = StreamTag;
using U = UsedWith;
constexpr auto band = Suffix::band;
constexpr auto pair = Suffix::band_pair;
constexpr auto one = Suffix::none;
constexpr auto knot = Suffix::knot;
constexpr std::monostate alias{};

const Quantity quantities[] = {
    {"theta_e_arcsec",
     "arcsec",
     "Einstein radius on the intermediate (circularised) axis; 0: unlensed",
     {0.0, farthest_arcsec},
     T::theta_e,
     one,
     &I::theta_e_arcsec},
    {"lens_q", "", "axis ratio of the lens mass", axis_ratio, T::lens_ellipticity, one,
     &I::lens_q},
    {"lens_phi_rad", "rad", "major axis of the lens mass, from +x towards +y", any,
     T::lens_phi, one, &I::lens_phi_rad},
    {"lens_gamma",
     "",
     "slope of the 3-D mass density; 2: isothermal",
     {1.3, 2.7},
     T::lens_gamma,
     one,
     &I::lens_gamma},
    {"shear_g1", "", "external shear, component along x", shear_component, T::shear_g1,
     one, &I::shear_g1},
    {"shear_g2", "", "external shear, component along the diagonal", shear_component,
     T::shear_g2, one, &I::shear_g2},
    {"lens_x_arcsec", "arcsec", "lens centre, x from the stamp's centre", position,
     T::lens_x, one, &I::lens_x_arcsec},
    {"lens_y_arcsec", "arcsec", "lens centre, y from the stamp's centre", position,
     T::lens_y, one, &I::lens_y_arcsec},
    {"lens_redshift", "", "redshift of the lens", redshift, T::lens_redshift, one,
     &I::lens_redshift, U::mass_from_light},
    {"src_redshift", "", "redshift of the source, above lens_redshift", redshift,
     T::src_redshift, one, &I::src_redshift, U::mass_from_light},
    {"lens_sigma_v_km_s", "km/s", "velocity dispersion of the isothermal lens", sigma_v,
     T::lens_sigma_v, one, &I::lens_sigma_v_km_s, U::mass_from_light},
    {"src_x_arcsec", "arcsec", "unlensed source position, x from the lens", position,
     T::src_x, one, &I::src_x_arcsec},
    {"src_y_arcsec", "arcsec", "unlensed source position, y from the lens", position,
     T::src_y, one, &I::src_y_arcsec},
    {"src_reff_arcsec", "arcsec", "source half-light radius sqrt(ab)", size,
     T::src_reff, one, &I::src_reff_arcsec, U::extended_source},
    {"src_sersic_n", "", "Sersic index of the source", sersic_n, T::src_sersic_n, one,
     &I::src_sersic_n, U::sersic_source},
    {"src_q", "", "axis ratio of the source", axis_ratio, T::src_ellipticity, one,
     &I::src_q, U::sersic_source},
    {"src_phi_rad", "rad", "major axis of the source, from +x towards +y", any,
     T::src_phi, one, &I::src_phi_rad, U::extended_source},
    {"src_flux_nmgy", "nmgy", "total unlensed flux of the source", flux, T::src_flux,
     band, &I::src_flux_nmgy},
    {"src_point_fraction", "", "share of a point in a galaxy of the source's flux",
     share, T::src_point_fraction, one, &I::src_point_fraction, U::point_in_galaxy},
    {"src_image_index", "", "source galaxy among those that the cuts leave, from 0",
     index_range, T::src_image_index, one, &I::src_image_index, U::galaxies},
    {"src_image_id", "", "IDENT of the source galaxy in its catalogue", identifier,
     T::src_image, one, &I::src_image_id, U::galaxies},
    {"src_image_flip",
     "",
     "1: source galaxy mirrored in x",
     {0.0, 1.0, false, false, true},
     T::src_image_flip,
     one,
     &I::src_image_flip,
     U::galaxies},
    {"src_image_turn_rad", "rad",
     "angle by which the source galaxy's image was turned, from +x towards +y, after "
     "the flip",
     any, T::src_image, one, &I::src_image_turn_rad, U::galaxies},
    {"src_knots", "", "star-forming knots of a clumpy source", knot_number,
     T::src_knots, one, &I::src_knots, U::knots},
    {"src_knot_flux_fraction", "",
     "share of a clumpy source's flux in its knots, all together", share,
     T::src_knot_flux_fraction, one, &I::src_knot_flux_fraction, U::knots},
    {"src_knot_x_arcsec", "arcsec", "knot, x from the source's centre", position,
     T::src_knot_radius, knot, &I::src_knot_x_arcsec, U::knots},
    {"src_knot_y_arcsec", "arcsec", "knot, y from the source's centre", position,
     T::src_knot_phi, knot, &I::src_knot_y_arcsec, U::knots},
    {"src_knot_reff_arcsec", "arcsec", "half-light radius of the knot", size,
     T::src_knot_reff, knot, &I::src_knot_reff_arcsec, U::knots},
    {"src_knot_flux_share", "", "the knot's share of all knots' flux", share,
     T::src_knot_flux_weight, knot, &I::src_knot_flux_share, U::knots},
    {"host_index", "", "host cutout in its file, from 0", index_range, T::host_index,
     one, &I::host_index, U::cutouts},
    {"host_flux_nmgy", "nmgy", "total flux of the host", flux, T::host_flux, band,
     &I::host_flux_nmgy, U::any_host},
    {"host_reff_arcsec", "arcsec", "host half-light radius sqrt(ab)", size,
     T::host_reff, one, &I::host_reff_arcsec, U::sersic_host},
    {"host_sersic_n", "", "Sersic index of the host", sersic_n, T::host_sersic_n, one,
     &I::host_sersic_n, U::sersic_host},
    {"host_q", "", "axis ratio of the host's light", axis_ratio, T::host_ellipticity,
     one, &I::host_q, U::sersic_host},
    {"host_phi_rad", "rad", "major axis of the host's light, from +x towards +y", any,
     T::host_phi, one, &I::host_phi_rad, U::sersic_host},
    {"host_absolute_mag", "mag",
     "absolute AB magnitude of the host in the band of faber_jackson, corrected to "
     "redshift 0",
     mag, T::host_absolute_mag, one, &I::host_absolute_mag, U::faber_jackson},
    {"host_rotation",
     "",
     "quarter turns of the host anticlockwise, after the flip",
     {0.0, 3.0, false, false, true},
     T::host_rotation,
     one,
     &I::host_rotation,
     U::cutouts},
    {"host_flip",
     "",
     "1: host mirrored in x",
     {0.0, 1.0, false, false, true},
     T::host_flip,
     one,
     &I::host_flip,
     U::cutouts},
    {"host_ra_deg", "deg", "right ascension of a host cut from a survey image", any,
     T::host_sky_position, one, &I::host_ra_deg, U::survey_hosts},
    {"host_dec_deg", "deg", "declination of a host cut from a survey image", any,
     T::host_sky_position, one, &I::host_dec_deg, U::survey_hosts},
    {"host_x_pix", "pix", "where the host is on the band's survey image, x, from 1",
     any, T::host_image_position, band, &I::host_x_pix, U::survey_hosts},
    {"host_y_pix", "pix", "where the host is on the band's survey image, y, from 1",
     any, T::host_image_position, band, &I::host_y_pix, U::survey_hosts},
    {"host_offset_x_pix", "pix", "x of the host in this band's stamp from the lens",
     any, T::host_offset, band, &I::host_offset_x_pix, U::survey_hosts},
    {"host_offset_y_pix", "pix", "y of the host in this band's stamp from the lens",
     any, T::host_offset, band, &I::host_offset_y_pix, U::survey_hosts},
    {"split",
     "",
     "part of the data set: 0 train, 1 validation, 2 test",
     {0.0, 2.0, false, false, true},
     T::split,
     one,
     &I::split},
    {"psf_index", "", "PSF kernel in its list, from 0", index_range, T::psf_index, band,
     &I::psf_index, U::psf_index},
    {"psf_fwhm_pix", "pix", "full width at half maximum of the PSF", fwhm, T::psf_fwhm,
     band, &I::psf_fwhm_pix, U::psf_width},
    {"psf_moffat_beta",
     "",
     "Moffat exponent of the PSF",
     {1.0, 100.0, true, false},
     T::psf_moffat_beta,
     one,
     &I::psf_moffat_beta,
     U::moffat_beta},
    {"psf_x_pix", "pix", "CCD position of the PSF model, x, from 1", any,
     T::psf_position, band, &I::psf_x_pix, U::psf_position},
    {"psf_y_pix", "pix", "CCD position of the PSF model, y, from 1", any,
     T::psf_position_y, band, &I::psf_y_pix, U::psf_position},
    {"sky_sigma_nmgy", "nmgy", "standard deviation of the sky noise per pixel", flux,
     T::sky_sigma, band, &I::sky_sigma_nmgy, U::sky_noise},
    {"src_target_snr",
     "",
     "arc SNR that the source flux was solved for",
     {0.0, 1.0e6, true},
     T::src_target_snr,
     one,
     &I::src_target_snr,
     U::target_snr},

    {"lens_ellipticity", "", "e of the lens: q = (1-e)/(1+e)", ellipticity,
     T::lens_ellipticity, one, alias},
    {"src_ellipticity", "", "e of the source: q = (1-e)/(1+e)", ellipticity,
     T::src_ellipticity, one, alias},
    {"host_ellipticity", "", "e of the host: q = (1-e)/(1+e)", ellipticity,
     T::host_ellipticity, one, alias},
    {"lens_phi_deg", "deg", "lens_phi_rad in degrees", any, T::lens_phi, one, alias},
    {"src_phi_deg", "deg", "src_phi_rad in degrees", any, T::src_phi, one, alias},
    {"host_phi_deg", "deg", "host_phi_rad in degrees", any, T::host_phi, one, alias},
    {"shear_magnitude", "", "g of the shear: g1 = g cos 2phi, g2 = g sin 2phi",
     ellipticity, T::shear_magnitude, one, alias},
    {"shear_phi_rad", "rad", "phi of the shear", any, T::shear_phi, one, alias},
    {"shear_phi_deg", "deg", "shear_phi_rad in degrees", any, T::shear_phi, one, alias},
    {"src_offset", "", "source position drawn from a disc about the lens", any,
     T::src_offset, one, alias},
    {"src_offset_arcsec",
     "arcsec",
     "distance of the source from the lens",
     {0.0, farthest_arcsec},
     T::src_offset,
     one,
     alias},
    {"src_offset_over_theta_e",
     "",
     "distance of the source in Einstein radii",
     {0.0, farthest_arcsec},
     T::src_offset,
     one,
     alias},
    {"src_offset_phi_rad", "rad", "direction of the source, from +x towards +y", any,
     T::src_offset_phi, one, alias},
    {"src_offset_phi_deg", "deg", "src_offset_phi_rad in degrees", any,
     T::src_offset_phi, one, alias},
    {"src_mag", "mag", "AB magnitude of the source, total and unlensed", mag,
     T::src_flux, band, alias},
    {"host_mag", "mag", "AB magnitude of the host, total", mag, T::host_flux, band,
     alias},
    {"src_mag_minus_host_mag", "mag", "source magnitude minus host magnitude", colour,
     T::src_flux, band, alias},
    {"src_colour", "mag", "source magnitude in the first band minus that in the second",
     colour, T::src_colour, pair, alias},
    {"host_colour", "mag", "host magnitude in the first band minus that in the second",
     colour, T::host_colour, pair, alias},
    {"psf_fwhm_arcsec", "arcsec", "full width at half maximum of the PSF", fwhm,
     T::psf_fwhm, band, alias},
};

/// The rest of `name` after "prefix_", or nothing.
std::optional<std::string_view> after(std::string_view name, std::string_view prefix) {
  if (name.size() <= prefix.size() + 1 || !name.starts_with(prefix) ||
      name[prefix.size()] != '_') {
    return std::nullopt;
  }
  return name.substr(prefix.size() + 1);
}

}  // namespace

bool Range::contains(double value) const {
  if (!std::isfinite(value)) return false;
  if (min_open ? value <= min : value < min) return false;
  if (max_open ? value >= max : value > max) return false;
  return !integer || value == std::floor(value);
}

std::string Range::text() const {
  const std::string kind = integer ? "an integer " : "";
  const bool has_min = min > -inf;
  const bool has_max = max < inf && max != largest_index;
  if (has_min && has_max) {
    return fmt::format("{}in {}{}, {}{}", kind, min_open ? '(' : '[', min, max,
                       max_open ? ')' : ']');
  }
  if (has_min) return fmt::format("{}{} {}", kind, min_open ? ">" : ">=", min);
  if (has_max) return fmt::format("{}{} {}", kind, max_open ? "<" : "<=", max);
  return kind + "finite";
}

std::string Range::refusal(double value) const {
  constexpr std::array marks{99.0, 99.9, 99.99, 99.999, 999.0, 999.9, 9999.0};
  const bool is_mark = std::ranges::find(marks, std::abs(value)) != marks.end();
  return fmt::format("must be {} (got {}){}", text(), value,
                     is_mark ? ": a mark for `not measured`? leave such rows out, or "
                               "give what they are to have"
                             : "");
}

std::span<const Quantity> all_quantities() { return quantities; }

const std::vector<std::string>& labels_of(const Quantity& quantity,
                                          const BandNames& bands) {
  static const std::vector<std::string> single{""};
  static const std::vector<std::string> knots = [] {
    std::vector<std::string> numbers;
    numbers.reserve(max_knots);
    for (int k = 0; k < max_knots; ++k) numbers.push_back(std::to_string(k));
    return numbers;
  }();
  if (quantity.suffix == Suffix::none) return single;
  return quantity.suffix == Suffix::knot ? knots : bands;
}

std::optional<QuantityName> find_quantity(std::string_view name) {
  for (const auto& quantity : quantities) {
    if (quantity.suffix == Suffix::none) {
      if (name == quantity.name) return QuantityName{&quantity, "", ""};
      continue;
    }
    const auto rest = after(name, quantity.name);
    if (!rest) continue;
    if (quantity.suffix == Suffix::knot) {
      const auto& numbers = labels_of(quantity, {});
      if (std::find(numbers.begin(), numbers.end(), *rest) == numbers.end()) continue;
      return QuantityName{&quantity, std::string(*rest), ""};
    }
    const auto underscore = rest->find('_');
    if (quantity.suffix == Suffix::band) {
      if (underscore == std::string_view::npos) {
        return QuantityName{&quantity, std::string(*rest), ""};
      }
      continue;
    }
    if (underscore == std::string_view::npos || underscore == 0) continue;
    const auto second = rest->substr(underscore + 1);
    const auto first = rest->substr(0, underscore);
    if (second.empty() || second == first || second.find('_') != second.npos) continue;
    return QuantityName{&quantity, std::string(first), std::string(second)};
  }
  return std::nullopt;
}

std::string nearest_quantity(std::string_view name, const BandNames& bands) {
  std::string nearest;
  // A third of the letters wrong is no slip of the pen any more.
  int least = std::max(2, static_cast<int>(name.size() / 3)) + 1;
  const std::string lower_name = lower_case(name);
  const auto consider = [&](const std::string& candidate) {
    const auto distance = edit_distance(lower_name, lower_case(candidate));
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  };
  for (const auto& quantity : quantities) {
    const std::string base(quantity.name);
    if (quantity.suffix == Suffix::none) consider(base);
    if (quantity.suffix == Suffix::knot) consider(base + "_0");
    for (const auto& first : bands) {
      if (quantity.suffix == Suffix::band) consider(fmt::format("{}_{}", base, first));
      if (quantity.suffix != Suffix::band_pair) continue;
      for (const auto& second : bands) {
        if (first != second) consider(fmt::format("{}_{}_{}", base, first, second));
      }
    }
  }
  return nearest;
}

}  // namespace lensmill::catalogue
