#include "pipeline/recover/truth_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <optional>
#include <utility>

#include "lib/catalogue/number_column.hpp"
#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/sha256.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"

namespace lensmill::pipeline {
namespace {

constexpr const char* table_name = "INJECTIONS";

io::fits::TableHdu find_table(const io::fits::File& file) {
  for (int k = 1; k < file.hdu_count(); ++k) {
    if (file.hdu(k).find_string("EXTNAME") == table_name) return file.table(k);
  }
  throw DataError(
      fmt::format("{}: has no table {}; is it the truth of a field (lensmill field)?",
                  file.path(), table_name));
}

template <class T>
T required(const std::optional<T>& card, const char* keyword,
           const io::fits::TableHdu& table) {
  if (card) return *card;
  throw DataError(fmt::format("{}: its header has no {}; write the field again",
                              table.place(), keyword));
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<std::int64_t> integers(const io::fits::TableHdu& table, const char* name) {
  return table.read_integers(name, 0, table.rows());
}

std::vector<double> reals(const io::fits::TableHdu& table, const char* name) {
  return table.read_doubles(name, 0, table.rows());
}

void check_cards(const TruthTable& truth, const std::string& place) {
  if (truth.pixel_scale_arcsec > 0.0 && std::isfinite(truth.pixel_scale_arcsec) &&
      truth.nx > 0 && truth.ny > 0 && !truth.bands.empty()) {
    return;
  }
  throw DataError(fmt::format(
      "{}: PIXSCALE, NX and NY must be > 0 and BANDS not empty (got {}, {}, {} and {} "
      "bands)",
      place, truth.pixel_scale_arcsec, truth.nx, truth.ny, truth.bands.size()));
}

void check_rows(const TruthTable& truth) {
  std::vector<std::size_t> order(truth.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::pair(truth.injection_id[a], a) < std::pair(truth.injection_id[b], b);
  });
  for (std::size_t k = 1; k < order.size(); ++k) {
    if (truth.injection_id[order[k]] != truth.injection_id[order[k - 1]]) continue;
    throw DataError(fmt::format("injection_id {} is there twice ({} and {})",
                                truth.injection_id[order[k]], truth.where(order[k - 1]),
                                truth.where(order[k])));
  }
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    const bool is_placed =
        std::isfinite(truth.x_pix[row]) && std::isfinite(truth.y_pix[row]);
    if (truth.status[row] != 0 || is_placed) continue;
    throw DataError(fmt::format(
        "{}: x_pix, y_pix must be finite where the status is 0 (got {}, {})",
        truth.where(row), truth.x_pix[row], truth.y_pix[row]));
  }
}

template <class T>
void append(std::vector<T>& all, std::vector<T> values) {
  all.insert(all.end(), values.begin(), values.end());
}

/// Add a folder's rows. \return how many rows the field has in all, if the file says so
std::optional<std::int64_t> add_file(const std::string& folder, TruthTable& truth) {
  const std::string path = folder + "/truth.fits";
  if (!io::exists(path)) {
    throw IoError(fmt::format(
        "{}: no such file; give the folder that `lensmill field` has made", path));
  }
  const auto table = find_table(io::fits::File::open(path));
  TruthTable cards;
  cards.pixel_scale_arcsec = required(table.find_double("PIXSCALE"), "PIXSCALE", table);
  cards.nx = required(table.find_integer("NX"), "NX", table);
  cards.ny = required(table.find_integer("NY"), "NY", table);
  cards.bands = split(required(table.find_string("BANDS"), "BANDS", table));
  check_cards(cards, path);
  if (truth.files.empty()) {
    truth = std::move(cards);
  } else if (cards.pixel_scale_arcsec != truth.pixel_scale_arcsec ||
             cards.nx != truth.nx || cards.ny != truth.ny ||
             cards.bands != truth.bands) {
    throw DataError(
        fmt::format("{}: has other pixels or bands than {}; give passes of one field",
                    path, truth.files.front().path));
  }
  truth.files.push_back({.path = path,
                         .sha256 = io::sha256_of_file(path),
                         .source = std::make_shared<const FitsSource>(path, table),
                         .first_row = truth.rows()});
  append(truth.injection_id, integers(table, "injection_id"));
  append(truth.pass, integers(table, "pass"));
  append(truth.status, integers(table, "status"));
  append(truth.x_pix, reals(table, "x_pix"));
  append(truth.y_pix, reals(table, "y_pix"));
  append(truth.ra_deg, reals(table, "ra_deg"));
  append(truth.dec_deg, reals(table, "dec_deg"));
  const auto deferred = table.find_integer("NDEFER");
  if (!deferred) return std::nullopt;
  return table.rows() + *deferred;
}

}  // namespace

std::vector<double> TruthTable::column(const std::string& name) const {
  std::vector<double> values;
  for (const auto& file : files) {
    const auto spelling = catalogue::number_column(*file.source, name);
    std::vector<catalogue::BadCell> bad;  // FITS has none
    const auto count = file.source->rows();
    const Table table = file.source->read(0, count, std::vector{spelling}, bad);
    for (std::int64_t row = 0; row < count; ++row) {
      values.push_back(catalogue::real_cell(table[0], static_cast<std::size_t>(row)));
    }
  }
  return values;
}

std::vector<std::string> TruthTable::elements_of(const std::string& name) const {
  const auto& source = *files.front().source;
  const auto spelling = catalogue::spelling_of(source, name);
  if (spelling.empty()) return {};
  const auto elements = source.facts(spelling).elements;
  if (elements == 1) return {spelling};
  std::vector<std::string> names;
  for (std::size_t k = 0; k < elements; ++k) {
    names.push_back(fmt::format("{}[{}]", spelling, k));
  }
  return names;
}

std::string TruthTable::unit_of(const std::string& name) const {
  return files.front().source->facts(name).unit;
}

std::string TruthTable::where(std::size_t row) const {
  const auto after = std::ranges::upper_bound(files, row, {}, &File::first_row);
  const auto& file = *std::prev(after);
  return fmt::format(
      "{}, {}", file.path,
      file.source->where(static_cast<std::int64_t>(row - file.first_row)));
}

TruthTable read_truth(const std::vector<std::string>& folders) {
  TruthTable truth;
  std::optional<std::int64_t> all;
  bool is_stated = true;
  for (const auto& folder : folders) {
    const auto rows = add_file(folder, truth);
    is_stated = is_stated && rows;
    if (rows && all && *rows != *all) {
      throw DataError(fmt::format(
          "{}: is of a field with {} injections in all its passes, {} of one with {}; "
          "give passes of one field",
          truth.files.back().path, *rows, truth.files.front().path, *all));
    }
    if (rows) all = rows;
  }
  if (is_stated && all) truth.deferred = *all - static_cast<std::int64_t>(truth.rows());
  check_rows(truth);
  return truth;
}

}  // namespace lensmill::pipeline
