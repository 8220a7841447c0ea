#include "lib/catalogue/number_column.hpp"

#include "lib/core/errors.hpp"

namespace lensmill::catalogue {

std::string number_column(const ColumnSource& source, const std::string& name) {
  auto spelling = spelling_of(source, name);
  if (spelling.empty()) throw DataError(no_such_column(source, name));
  const auto problem = not_numbers(source, spelling);
  if (!problem.empty()) throw DataError(problem);
  return spelling;
}

}  // namespace lensmill::catalogue
