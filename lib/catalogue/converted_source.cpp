#include "lib/catalogue/converted_source.hpp"

#include <fmt/format.h>

#include "lib/catalogue/column_units.hpp"
#include "lib/catalogue/quantities.hpp"

namespace lensmill::catalogue {

ConvertedSource::ConvertedSource(std::unique_ptr<const ColumnSource> source)
    : source_(std::move(source)) {
  for (const auto& name : source_->columns()) {
    const auto found = find_quantity(name);
    if (!found) continue;
    const auto stated = source_->facts(name).unit;
    const std::string wanted(found->quantity->unit);
    const auto conversion = convert_unit(stated, wanted);
    if (!conversion.problem.empty()) {
      problems_.push_back(fmt::format("column `{}` {}", name, conversion.problem));
    } else if (conversion.factor != 1.0) {
      factors_[name] = {conversion.factor, wanted};
      conversions_.push_back(
          fmt::format("{}: column `{}` has the unit `{}`: converted to {}", path(),
                      name, stated, wanted.empty() ? "a plain number" : wanted));
    }
  }
}

Table ConvertedSource::read(std::int64_t first, std::int64_t count,
                            std::span<const std::string> columns,
                            std::vector<BadCell>& bad) const {
  Table table = source_->read(first, count, columns, bad);
  for (auto& column : table) {
    const auto factor = factors_.find(column.info().name);
    if (factor == factors_.end()) continue;
    auto info = column.info();
    info.type = ElementType::float64;
    info.unit = factor->second.second;
    Column converted(std::move(info), column.rows());
    for (std::size_t row = 0; row < column.rows(); ++row) {
      converted.values<double>()[row] = factor->second.first * real_cell(column, row);
    }
    column = std::move(converted);
  }
  return table;
}

}  // namespace lensmill::catalogue
