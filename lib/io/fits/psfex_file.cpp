#include "lib/io/fits/psfex_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"

namespace lensmill::io::fits {
namespace {

/// A model's parameters, wherever they are: column of the row, else header keyword.
class Parameters {
 public:
  Parameters(const TableHdu& table, std::int64_t row) : table_(table), row_(row) {}

  std::optional<double> number(const std::string& name) const {
    if (table_.has(name)) return table_.read_doubles(name, row_, 1).front();
    return table_.find_double(name);
  }
  std::optional<std::string> text(const std::string& name) const {
    if (table_.has(name)) return table_.read_strings(name, row_, 1).front();
    return table_.find_string(name);
  }
  double required(const std::string& name) {
    const auto value = number(name);
    if (!value) missing_.push_back(name);
    return value.value_or(0.0);
  }
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  const TableHdu& table_;
  std::int64_t row_;
  std::vector<std::string> missing_;
};

/// Shape [k, y, x] of PSF_MASK: from TDIM, else from PSFAXIS1..3.
std::vector<std::size_t> mask_shape(const ColumnDescription& column,
                                    const Parameters& parameters) {
  auto shape = column.row_shape;
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  if (shape.size() == 3) return shape;
  shape = {1, 0, 0};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto extent = parameters.number("PSFAXIS" + std::to_string(3 - axis));
    if (extent && *extent >= 1) shape[axis] = static_cast<std::size_t>(*extent);
  }
  return shape;
}

std::vector<Image<double>> images(const std::vector<double>& values,
                                  const std::vector<std::size_t>& shape) {
  const std::size_t pixels = shape[1] * shape[2];
  std::vector<Image<double>> result;
  for (std::size_t k = 0; k < shape[0]; ++k) {
    Image<double> image(static_cast<int>(shape[1]), static_cast<int>(shape[2]));
    std::copy_n(values.data() + k * pixels, pixels, image.data());
    result.push_back(std::move(image));
  }
  return result;
}

/// A text or number of every row: its column, else the header's keyword.
std::vector<std::string> texts_of(const TableHdu& table, const std::string& name) {
  const auto rows = static_cast<std::size_t>(table.rows());
  if (!table.has(name)) {
    return std::vector<std::string>(rows, table.find_string(name).value_or(""));
  }
  if (table.column(name).kind == ColumnKind::string) {
    return table.read_strings(name, 0, table.rows());
  }
  std::vector<std::string> texts;
  for (const double value : table.read_doubles(name, 0, table.rows())) {
    texts.push_back(fmt::format("{}", value));
  }
  return texts;
}

}  // namespace

std::vector<PsfexPlace> psfex_places(const File& file) {
  std::vector<PsfexPlace> places;
  const auto hdus = file.table_hdus("PSF_MASK");
  if (hdus.empty()) file.first_table("PSF_MASK");  // says that there is none
  for (const int hdu : hdus) {
    const TableHdu table = file.table(hdu);
    const auto names = texts_of(table, "CCDNAME");
    const auto exposures = texts_of(table, "EXPNUM");
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      const auto r = static_cast<std::size_t>(row);
      places.push_back(
          {.hdu = hdu, .row = row, .ccdname = names[r], .exposure = exposures[r]});
    }
  }
  return places;
}

PsfexFile read_psfex(const TableHdu& table, std::int64_t row) {
  PsfexFile model;
  model.name = fmt::format("{}, row {}", table.place(), row);
  if (row < 0 || row >= table.rows()) {
    throw DataError(
        fmt::format("{}: no such row (the table has {})", model.name, table.rows()));
  }
  Parameters parameters(table, row);
  const auto groups = parameters.number("POLNGRP").value_or(1);
  if (groups > 1) {
    throw DataError(fmt::format(
        "{}: POLNGRP = {}: PSFEx models with several polynomial groups are not "
        "supported (make it with one PSFVAR_GROUPS)",
        model.name, groups));
  }
  for (int i = 1;; ++i) {
    const auto name = parameters.text(fmt::format("POLNAME{}", i));
    if (!name) break;
    model.polynomial_name.push_back(*name);
    model.polynomial_zero.push_back(parameters.required(fmt::format("POLZERO{}", i)));
    model.polynomial_scale.push_back(parameters.required(fmt::format("POLSCAL{}", i)));
  }
  if (!model.polynomial_name.empty()) {
    model.polynomial_degree = static_cast<int>(parameters.required("POLDEG1"));
  }
  model.sampling_pix = parameters.required("PSF_SAMP");
  model.fwhm_pix = parameters.number("PSF_FWHM").value_or(0.0);
  if (!parameters.missing().empty()) {
    throw DataError(fmt::format("{}: not a complete PSFEx model (missing: {})",
                                model.name, fmt::join(parameters.missing(), ", ")));
  }
  const auto shape = mask_shape(table.column("PSF_MASK"), parameters);
  const auto values = table.read_doubles("PSF_MASK", row, 1);
  if (values.empty() || shape[0] * shape[1] * shape[2] != values.size()) {
    throw DataError(fmt::format("{}: PSF_MASK has {} elements, which do not form [{}]",
                                model.name, values.size(), fmt::join(shape, ", ")));
  }
  model.basis = images(values, shape);
  return model;
}

PsfexFile read_psfex(const std::string& path, std::int64_t row) {
  return read_psfex(File::open(path).first_table("PSF_MASK"), row);
}

}  // namespace lensmill::io::fits
