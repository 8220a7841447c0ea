#include "lib/io/fits/sky_wcs.hpp"

#include <fmt/format.h>
#include <wcslib/wcs.h>
#include <wcslib/wcsfix.h>
#include <wcslib/wcshdr.h>
#include <wcslib/wcsmath.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"

namespace lensmill::io::fits {
namespace {

constexpr std::size_t card_length = 80;
// Terms of SCAMP's polynomials from here on are no parameters that FITS gives to any
// longitude axis.
constexpr int first_scamp_term = 5;
constexpr double j2000 = 2000.0;
constexpr double fk5_from = 1984.0;  // equinoxes before are FK4's (FITS, section 8.3)

/// Columns: the galactic axes in ICRS, by the IAU's pole and origin in FK5 J2000 as
/// astropy takes them.
constexpr double icrs_of_galactic[3][3] = {
    {-0.05487565771259218, 0.49410943719272665, -0.8676661375596585},
    {-0.8734370519556162, -0.4448297212232957, -0.19807633727300056},
    {-0.4838350736167156, 0.7469821839866677, 0.45598381368730206}};

[[noreturn]] void refuse(const std::string& place, const std::string& why) {
  throw DataError(
      fmt::format("{}: no usable celestial coordinates in its header ({}); give "
                  "positions in pixels "
                  "of a single image, or add WCS keywords",
                  place, why));
}

/// One card of a header, taken apart as far as it matters here.
struct CardView {
  std::size_t at = 0;  ///< of its first character
  std::string_view keyword;
  std::string_view rest;
};

std::vector<CardView> cards_of(const std::string& header) {
  std::vector<CardView> cards;
  for (std::size_t at = 0; at + card_length <= header.size(); at += card_length) {
    const std::string_view card(header.data() + at, card_length);
    const auto end = card.find_first_of(" =");
    cards.push_back({at, card.substr(0, end), card.substr(8)});
  }
  return cards;
}

/// A projection's PV terms as the header has them.
struct Terms {
  std::array<std::size_t, 2> code_at{};  ///< of the three letters in CTYPE1, CTYPE2
  std::string code;                      ///< "" unless both axes have the same
  bool sip = false;
  int latitude_axis = 2;
  int highest = -1;          ///< j of the PVi_j
  bool of_latitude = false;  ///< whether that axis has any
  std::vector<std::size_t> cards;
};

Terms terms_of(const std::string& header) {
  Terms terms;
  std::array<std::string, 2> codes;
  for (const auto& [at, keyword, rest] : cards_of(header)) {
    if (keyword == "A_ORDER") terms.sip = true;
    if (keyword != "CTYPE1" && keyword != "CTYPE2") continue;
    const auto quote = rest.find('\'');
    constexpr std::size_t code_begins = 6;  // after the quote and five letters
    if (quote == std::string_view::npos || quote + code_begins + 3 > rest.size()) {
      continue;
    }
    const std::size_t axis = keyword.back() == '1' ? 0 : 1;
    const auto type = rest.substr(quote + 1);
    codes[axis] = rest.substr(quote + code_begins, 3);
    terms.code_at[axis] = at + 8 + quote + code_begins;
    terms.sip = terms.sip || type.substr(8).starts_with("-SIP");
    if (type.starts_with("DEC") || type.substr(1).starts_with("LAT")) {
      terms.latitude_axis = static_cast<int>(axis) + 1;
    }
  }
  if (codes[0] == codes[1]) terms.code = codes[0];
  for (const auto& [at, keyword, rest] : cards_of(header)) {
    const bool is_term =
        keyword.size() > 4 && keyword.starts_with("PV") &&
        (keyword[2] == '1' || keyword[2] == '2') && keyword[3] == '_' &&
        std::ranges::all_of(keyword.substr(4),
                            [](char c) { return c >= '0' && c <= '9'; });
    if (!is_term) continue;
    terms.cards.push_back(at);
    terms.highest =
        std::max(terms.highest, std::atoi(std::string(keyword.substr(4)).c_str()));
    if (keyword[2] - '0' == terms.latitude_axis) terms.of_latitude = true;
  }
  return terms;
}

/// SCAMP writes its polynomials (TPV) as PV terms of TAN: read them as astropy does.
/// What a projection has no terms for is refused, since it would be passed over in
/// silence.
void read_scamp_terms(std::string& header, const std::string& place) {
  const Terms terms = terms_of(header);
  if (terms.cards.empty() || terms.code == "TPV" || terms.code.empty()) return;
  if (terms.code == "TAN" && terms.sip) {
    // SCAMP's are there twice then.
    for (const auto at : terms.cards) header.replace(at, card_length, card_length, ' ');
    return;
  }
  if (terms.code == "TAN" && terms.highest >= first_scamp_term) {
    for (const auto at : terms.code_at) header.replace(at, 3, "TPV");
    return;
  }
  constexpr std::array<std::string_view, 13> with_terms{
      "AZP", "SZP", "SIN", "ZPN", "AIR", "CYP", "CEA",
      "COP", "COE", "COD", "COO", "BON", "HPX"};
  const bool known = std::ranges::find(with_terms, terms.code) != with_terms.end();
  if (known ? terms.highest < first_scamp_term || terms.code == "ZPN"
            : !terms.of_latitude && terms.highest < first_scamp_term) {
    return;
  }
  refuse(place,
         fmt::format("PVi_j terms that projection {} does not have; where they are a "
                     "polynomial of SCAMP's, its CTYPE is RA---TPV, DEC--TPV",
                     terms.code));
}

/// Whether the axes are galactic. What is neither that nor J2000 is refused.
bool is_galactic(const wcsprm& wcs, const std::string& place) {
  const std::string_view longitude = wcs.lngtyp;
  if (longitude.starts_with("GLON")) return true;
  if (!longitude.starts_with("RA")) {
    refuse(place, fmt::format("longitudes are {}, and only RA and GLON are known; "
                              "convert its WCS to ICRS",
                              longitude));
  }
  std::string frame = wcs.radesys;
  frame.erase(std::ranges::find(frame, ' '), frame.end());
  const bool has_equinox = !undefined(wcs.equinox);
  if (frame.empty()) {
    frame = !has_equinox ? "ICRS" : wcs.equinox < fk5_from ? "FK4" : "FK5";
  }
  if (frame == "ICRS") return false;
  if (frame == "FK5" && (!has_equinox || wcs.equinox == j2000)) return false;
  refuse(place,
         fmt::format("its frame is {}{}; positions are ICRS (or FK5 J2000, which "
                     "is the same here): convert its WCS",
                     frame,
                     has_equinox ? fmt::format(" of equinox {}", wcs.equinox) : ""));
}

/// Through a rotation of the sphere, or its inverse.
SkyPosition rotated(const SkyPosition& sky, bool to_icrs) {
  const double longitude = rad_from_deg(sky.ra_deg);
  const double latitude = rad_from_deg(sky.dec_deg);
  const std::array<double, 3> from{std::cos(latitude) * std::cos(longitude),
                                   std::cos(latitude) * std::sin(longitude),
                                   std::sin(latitude)};
  std::array<double, 3> to{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      to[i] += (to_icrs ? icrs_of_galactic[i][j] : icrs_of_galactic[j][i]) * from[j];
    }
  }
  const double turned = std::atan2(to[1], to[0]) / rad_from_deg(1.0);
  return {.ra_deg = turned < 0.0 ? turned + 360.0 : turned,
          .dec_deg = std::atan2(to[2], std::hypot(to[0], to[1])) / rad_from_deg(1.0)};
}

}  // namespace

void SkyWcs::Deleter::operator()(wcsprm* all) const noexcept {
  // Only the first representation is kept (see the constructor).
  wcsfree(all);
  std::free(all);
}

SkyWcs::SkyWcs(const ImageHdu& image) : place_(image.place()) {
  parse(image.header_cards());
}

SkyWcs::SkyWcs(const std::vector<std::string>& cards, std::string place)
    : place_(std::move(place)) {
  std::string header;
  for (auto card : cards) {
    card.resize(card_length, ' ');
    header += card;
  }
  parse(std::move(header));
}

void SkyWcs::parse(std::string header) {
  read_scamp_terms(header, place_);
  int rejected = 0;
  int count = 0;
  wcsprm* all = nullptr;
  const int status =
      wcspih(header.data(), static_cast<int>(header.size() / card_length), WCSHDR_all,
             0, &rejected, &count, &all);
  if (status != 0) refuse(place_, "WCSLIB could not parse it");
  if (count < 1) refuse(place_, "there are no WCS keywords");
  wcs_.reset(static_cast<wcsprm*>(std::malloc(sizeof(wcsprm))));
  if (!wcs_) throw IoError(place_ + ": out of memory");
  wcs_->flag = -1;
  const int copied = wcssub(1, all, nullptr, nullptr, wcs_.get());
  wcsvfree(&count, &all);
  if (copied != 0) refuse(place_, wcs_errmsg[copied]);
  std::array<int, NWCSFIX> fixes{};
  wcsfix(0, nullptr, wcs_.get(), fixes.data());  // old spellings of units and dates
  if (const int unusable = wcsset(wcs_.get()); unusable != 0) {
    refuse(place_, wcs_errmsg[unusable]);
  }
  if (wcs_->naxis != 2 || wcs_->lng < 0 || wcs_->lat < 0) {
    refuse(place_, "its two axes are not a longitude and a latitude");
  }
  galactic_ = is_galactic(*wcs_, place_);
}

SkyPosition SkyWcs::sky_of(const FitsPixel& pixel) const {
  const std::array<double, 2> from{pixel.x, pixel.y};
  std::array<double, 2> between{};
  std::array<double, 2> world{};
  double phi = 0.0;
  double theta = 0.0;
  int bad = 0;
  const int status = wcsp2s(wcs_.get(), 1, 2, from.data(), between.data(), &phi, &theta,
                            world.data(), &bad);
  if (status != 0) {
    throw DataError(fmt::format("{}: pixel ({}, {}) has no sky position ({})", place_,
                                pixel.x, pixel.y, wcs_errmsg[status]));
  }
  const SkyPosition own{.ra_deg = world[static_cast<std::size_t>(wcs_->lng)],
                        .dec_deg = world[static_cast<std::size_t>(wcs_->lat)]};
  return galactic_ ? rotated(own, true) : own;
}

std::optional<FitsPixel> SkyWcs::pixel_of(const SkyPosition& icrs) const {
  if (!std::isfinite(icrs.ra_deg) || !std::isfinite(icrs.dec_deg)) return std::nullopt;
  const SkyPosition sky = galactic_ ? rotated(icrs, false) : icrs;
  std::array<double, 2> world{};
  world[static_cast<std::size_t>(wcs_->lng)] = sky.ra_deg;
  world[static_cast<std::size_t>(wcs_->lat)] = sky.dec_deg;
  std::array<double, 2> between{};
  std::array<double, 2> pixel{};
  double phi = 0.0;
  double theta = 0.0;
  int bad = 0;
  const int status = wcss2p(wcs_.get(), 1, 2, world.data(), &phi, &theta,
                            between.data(), pixel.data(), &bad);
  if (status != 0 || !std::isfinite(pixel[0]) || !std::isfinite(pixel[1])) {
    return std::nullopt;
  }
  return FitsPixel{.x = pixel[0], .y = pixel[1]};
}

SkyAxes sky_axes(const SkyWcs& wcs, const FitsPixel& pixel) {
  // On the plane that touches the sky at this pixel: x east, y north.
  const SkyPosition at = wcs.sky_of(pixel);
  const double dec0 = rad_from_deg(at.dec_deg);
  const auto east_north = [&](const FitsPixel& other) {
    const SkyPosition sky = wcs.sky_of(other);
    const double d_ra = rad_from_deg(sky.ra_deg - at.ra_deg);
    const double dec = rad_from_deg(sky.dec_deg);
    return std::array{std::cos(dec) * std::sin(d_ra),
                      std::cos(dec0) * std::sin(dec) -
                          std::sin(dec0) * std::cos(dec) * std::cos(d_ra)};
  };
  const auto right = east_north({pixel.x + 0.5, pixel.y});
  const auto left = east_north({pixel.x - 0.5, pixel.y});
  const auto up = east_north({pixel.x, pixel.y + 0.5});
  const auto down = east_north({pixel.x, pixel.y - 0.5});
  // The Jacobian d(east, north) / d(x, y); its inverse takes north onto the image.
  const double ex = right[0] - left[0];
  const double nx = right[1] - left[1];
  const double ey = up[0] - down[0];
  const double ny = up[1] - down[1];
  const double determinant = ex * ny - ey * nx;
  // (x, y) of a step north: the inverse's second column.
  return {.north_rad = std::atan2(ex / determinant, -ey / determinant),
          .east_is_anticlockwise = determinant < 0.0};
}

std::string wcslib_version() {
  std::array<int, 3> parts{};
  return ::wcslib_version(parts.data());
}

}  // namespace lensmill::io::fits
