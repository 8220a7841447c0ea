#include "lib/catalogue/column_element.hpp"

#include <charconv>

namespace lensmill::catalogue {

ColumnElement taken_apart(std::string_view name) {
  const auto bracket = name.find('[');
  if (bracket == std::string_view::npos || !name.ends_with(']')) {
    return {std::string(name), {}};
  }
  const char* first = name.data() + bracket + 1;
  const char* last = name.data() + name.size() - 1;
  std::size_t element = 0;
  const auto [end, error] = std::from_chars(first, last, element);
  if (error != std::errc{} || end != last) return {std::string(name), {}};
  return {std::string(name.substr(0, bracket)), element};
}

}  // namespace lensmill::catalogue
