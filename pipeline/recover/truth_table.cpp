#include "pipeline/recover/truth_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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

void check(const TruthTable& truth) {
  if (!(truth.pixel_scale_arcsec > 0.0 && std::isfinite(truth.pixel_scale_arcsec)) ||
      truth.nx < 1 || truth.ny < 1 || truth.bands.empty()) {
    throw DataError(fmt::format(
        "{}: PIXSCALE, NX and NY must be > 0 and BANDS not empty (got {}, {}, {} and "
        "{} "
        "bands)",
        truth.path, truth.pixel_scale_arcsec, truth.nx, truth.ny, truth.bands.size()));
  }
  std::vector<std::size_t> order(truth.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::pair(truth.injection_id[a], a) < std::pair(truth.injection_id[b], b);
  });
  for (std::size_t k = 1; k < order.size(); ++k) {
    if (truth.injection_id[order[k]] != truth.injection_id[order[k - 1]]) continue;
    throw DataError(fmt::format("{}: injection_id {} is there twice ({} and {})",
                                truth.path, truth.injection_id[order[k]],
                                truth.where(order[k - 1]), truth.where(order[k])));
  }
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    const bool is_placed =
        std::isfinite(truth.x_pix[row]) && std::isfinite(truth.y_pix[row]);
    if (truth.status[row] != 0 || is_placed) continue;
    throw DataError(fmt::format(
        "{}, {}: x_pix, y_pix must be finite where the status is 0 (got {}, {})",
        truth.path, truth.where(row), truth.x_pix[row], truth.y_pix[row]));
  }
}

}  // namespace

std::vector<double> TruthTable::column(const std::string& name) const {
  const auto spelling = catalogue::number_column(*source, name);
  std::vector<catalogue::BadCell> bad;  // FITS has none
  const Table table = source->read(0, source->rows(), std::vector{spelling}, bad);
  std::vector<double> values(rows());
  for (std::size_t row = 0; row < rows(); ++row) {
    values[row] = catalogue::real_cell(table[0], row);
  }
  return values;
}

std::vector<std::string> TruthTable::elements_of(const std::string& name) const {
  const auto spelling = catalogue::spelling_of(*source, name);
  if (spelling.empty()) return {};
  const auto elements = source->facts(spelling).elements;
  if (elements == 1) return {spelling};
  std::vector<std::string> names;
  for (std::size_t k = 0; k < elements; ++k) {
    names.push_back(fmt::format("{}[{}]", spelling, k));
  }
  return names;
}

std::string TruthTable::where(std::size_t row) const {
  return source->where(static_cast<std::int64_t>(row));
}

TruthTable read_truth(const std::string& field) {
  const std::string path = field + "/truth.fits";
  if (!io::exists(path)) {
    throw IoError(fmt::format(
        "{}: no such file; give the folder that `lensmill field` has made", path));
  }
  TruthTable truth;
  truth.path = path;
  truth.sha256 = io::sha256_of_file(path);
  const auto table = find_table(io::fits::File::open(path));
  truth.pixel_scale_arcsec = required(table.find_double("PIXSCALE"), "PIXSCALE", table);
  truth.nx = required(table.find_integer("NX"), "NX", table);
  truth.ny = required(table.find_integer("NY"), "NY", table);
  truth.bands = split(required(table.find_string("BANDS"), "BANDS", table));
  truth.injection_id = integers(table, "injection_id");
  truth.pass = integers(table, "pass");
  truth.status = integers(table, "status");
  truth.x_pix = reals(table, "x_pix");
  truth.y_pix = reals(table, "y_pix");
  truth.ra_deg = reals(table, "ra_deg");
  truth.dec_deg = reals(table, "dec_deg");
  truth.source = std::make_shared<const FitsSource>(path, table);
  check(truth);
  return truth;
}

}  // namespace lensmill::pipeline
