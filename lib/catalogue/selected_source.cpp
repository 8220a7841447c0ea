#include "lib/catalogue/selected_source.hpp"

#include <algorithm>

namespace lensmill::catalogue {
namespace {

// Rows in between are read and dropped, rather than a call made for each row.
constexpr std::int64_t longest_stretch = 65536;

Column empty_like(const Column& column, std::int64_t rows) {
  return {column.info(), static_cast<std::size_t>(rows)};
}

void copy_row(const Column& from, std::size_t row, Column& to, std::size_t to_row) {
  const auto bytes = from.info().row_bytes();
  std::ranges::copy(from.bytes().subspan(row * bytes, bytes),
                    to.bytes().subspan(to_row * bytes, bytes).begin());
}

}  // namespace

template <class Visit>
void SelectedSource::for_stretches(std::int64_t first, std::int64_t count,
                                   Visit&& visit) const {
  const std::int64_t end = first + count;
  for (std::int64_t row = first; row < end;) {
    const auto begin = selected_[static_cast<std::size_t>(row)];
    auto last = row;
    while (last + 1 < end &&
           selected_[static_cast<std::size_t>(last + 1)] - begin < longest_stretch) {
      ++last;
    }
    visit(begin, selected_[static_cast<std::size_t>(last)] - begin + 1, row, last + 1);
    row = last + 1;
  }
}

Table SelectedSource::read(std::int64_t first, std::int64_t count,
                           std::span<const std::string> columns,
                           std::vector<BadCell>& bad) const {
  if (count == 0) return source_->read(0, 0, columns, bad);
  Table table;
  for_stretches(
      first, count,
      [&](std::int64_t begin, std::int64_t length, std::int64_t row, std::int64_t end) {
        std::vector<BadCell> unread;
        const Table block = source_->read(begin, length, columns, unread);
        if (table.empty()) {
          for (const auto& column : block) table.push_back(empty_like(column, count));
        }
        for (std::int64_t r = row; r < end; ++r) {
          const auto from =
              static_cast<std::size_t>(selected_[static_cast<std::size_t>(r)] - begin);
          for (std::size_t c = 0; c < block.size(); ++c) {
            copy_row(block[c], from, table[c], static_cast<std::size_t>(r - first));
          }
        }
        for (auto& cell : unread) {
          const auto at = std::ranges::lower_bound(selected_, cell.row);
          if (at == selected_.end() || *at != cell.row) continue;
          cell.row = at - selected_.begin();
          bad.push_back(std::move(cell));
        }
      });
  return table;
}

std::vector<std::string> SelectedSource::read_texts(std::int64_t first,
                                                    std::int64_t count,
                                                    const std::string& column) const {
  std::vector<std::string> texts;
  for_stretches(
      first, count,
      [&](std::int64_t begin, std::int64_t length, std::int64_t row, std::int64_t end) {
        auto block = source_->read_texts(begin, length, column);
        for (std::int64_t r = row; r < end; ++r) {
          const auto from =
              static_cast<std::size_t>(selected_[static_cast<std::size_t>(r)] - begin);
          texts.push_back(std::move(block[from]));
        }
      });
  return texts;
}

Column SelectedSource::read_stored(std::int64_t first, std::int64_t count,
                                   const ColumnInfo& info) const {
  Column column(info, static_cast<std::size_t>(count));
  for_stretches(
      first, count,
      [&](std::int64_t begin, std::int64_t length, std::int64_t row, std::int64_t end) {
        const Column block = source_->read_stored(begin, length, info);
        for (std::int64_t r = row; r < end; ++r) {
          const auto from =
              static_cast<std::size_t>(selected_[static_cast<std::size_t>(r)] - begin);
          copy_row(block, from, column, static_cast<std::size_t>(r - first));
        }
      });
  return column;
}

}  // namespace lensmill::catalogue
