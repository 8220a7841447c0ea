#include "pipeline/inputs/host_kernel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "pipeline/inputs/band_of_header.hpp"
#include "pipeline/inputs/cutout_layout.hpp"
#include "pipeline/inputs/file_format.hpp"
#include "pipeline/inputs/hosts_in_order.hpp"
#include "pipeline/inputs/open_psf.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::File;

/// The plane that the configuration names.
PlanePlace stated_plane(const File& file, const PsfQuestion& question) {
  const auto image = file.image(choose_image(file, question));
  const int plane = question.section.plane;
  if (plane < 0 && image.planes() > 1) {
    throw DataError(fmt::format(
        "{}: has {} planes; name this band's by {}.plane (from 0), or leave `hdu` out",
        image.place(), image.planes(), question.where()));
  }
  if (plane >= image.planes()) {
    throw DataError(fmt::format("{}: has {} planes (from 0), {}.plane asks for {}",
                                image.place(), image.planes(), question.where(),
                                plane));
  }
  return {.hdu = image.index(), .plane = std::max(plane, 0)};
}

/// The only image of a file in which nothing says a band; nothing for any other file.
std::optional<PlanePlace> unlabelled_plane(const File& file,
                                           const PsfQuestion& question) {
  const auto hdus = file.image_hdus();
  if (hdus.size() != 1 || !question.section.band_order.empty()) return std::nullopt;
  const auto image = file.image(hdus.front());
  if (image.planes() != 1 || !stated_bands(image).empty() ||
      !stated_bands(image.primary()).empty()) {
    return std::nullopt;
  }
  return PlanePlace{.hdu = hdus.front(), .plane = 0};
}

std::string text_of(const File& file, const std::string& card) {
  for (const int hdu : {0, file.hdu_count() > 1 ? 1 : 0}) {
    std::string text;
    try {
      text = file.hdu(hdu).find_string(card).value_or("");
    } catch (const DataError&) {
      continue;  // neither text nor number
    }
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
  }
  return "";
}

}  // namespace

HostKernel read_host_kernel(const std::string& path, const PsfQuestion& question,
                            std::vector<std::string>& warnings) {
  const auto& section = question.section;
  refuse_large_gzip(path);
  const auto file = File::open(path);
  PlanePlace place;
  bool says_no_band = false;
  if (section.hdu >= 0 || section.plane >= 0) {
    place = stated_plane(file, question);
    check_band(file, place.hdu, question, warnings);
  } else if (const auto only = unlabelled_plane(file, question)) {
    place = *only;
    says_no_band = true;
  } else {
    const BandNames wanted{question.wanted()};
    place = find_planes(file, {.bands = wanted,
                               .band_order = section.band_order,
                               .any_image = true,
                               .key = question.where()})
                .of_band.front();
  }
  check_scale(file, place.hdu, false, question, warnings);
  const auto image = file.image(place.hdu);
  auto name = image.planes() > 1 ? fmt::format("{} [{}]", image.place(), place.plane)
                                 : image.place();
  return {.kernel = checked_kernel(section, image.read_plane<double>(place.plane),
                                   std::move(name)),
          .says_no_band = says_no_band};
}

std::string object_problem(const std::string& path, const ObjectQuestion& question,
                           const std::vector<std::int64_t>& hosts) {
  const auto& ids = question.names.ids;
  if (ids.empty() || question.section.accept_other_ids) return "";
  const auto file = File::open(path);
  const auto is_one_of_them = [&](const std::string& text) {
    return std::ranges::any_of(hosts, [&](std::int64_t host) {
      return ids[static_cast<std::size_t>(host)] == text;
    });
  };
  const auto other = [&](const std::string& card, const std::string& text,
                         const std::string& than) {
    return fmt::format(
        "{}: is of {} = {} by its header, but was given for {}{}; correct {}, or say "
        "`accept_other_ids: true` if that is meant",
        path, card, text, question.names.name(hosts.front()), than,
        question.section.file_per_host.column.empty()
            ? "the files' names or their order"
            : "the table");
  };
  const auto& stated = question.section.id_card;
  std::vector<std::string> strict{stated};
  if (const auto& cutouts = question.config.host.cutout_files) {
    strict.push_back(cutouts->id_card);
    strict.push_back(cutouts->id_column);
  }
  for (const auto& card : strict) {
    if (card.empty()) continue;
    const auto text = text_of(file, card);
    if (text.empty() && card == stated) {
      return fmt::format("{}: has no card {}, which `id_card` names", path, card);
    }
    if (!text.empty() && !is_one_of_them(text)) return other(card, text, "");
  }
  for (const char* card : object_names) {
    const auto text = text_of(file, card);
    if (text.empty() || is_one_of_them(text)) continue;
    if (std::ranges::find(ids, text) != ids.end()) return other(card, text, "");
    if (question.names.files.empty()) continue;
    const auto& cutout = question.names.files[static_cast<std::size_t>(hosts.front())];
    const auto theirs = text_of(File::open(cutout), card);
    if (!theirs.empty() && theirs != text) {
      return other(card, text, fmt::format(", whose cutout says {}", theirs));
    }
  }
  return "";
}

}  // namespace lensmill::pipeline
