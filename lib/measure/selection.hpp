#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/interval.hpp"
#include "lib/measure/measurement.hpp"

namespace lensmill::measure {

/// A row is kept where this measurement lies in the interval, ends included. NaN lies
/// in none.
struct Criterion {
  std::string column;  ///< one number a row, or a row and band
  std::string band{};  ///< "": the column has no bands, or the run has one band
  Interval interval;

  /// "magnification", "arc_snr.r".
  std::string name() const { return band.empty() ? column : column + "." + band; }
};

/// What became of some candidates. Sums over parts of them are those of the whole.
struct SelectionCounts {
  std::int64_t candidates = 0;
  std::int64_t failed = 0;  ///< could not be rendered or measured: never kept
  std::int64_t kept = 0;
  /// Of those that did not fail, by criterion: how many lie outside its interval, be it
  /// outside others, too, or not.
  std::vector<std::int64_t> outside;

  SelectionCounts& operator+=(const SelectionCounts& other);
  bool operator==(const SelectionCounts&) const = default;
};

/// Which candidates a run keeps: rows that did not fail and meet every criterion.
class Selection {
 public:
  /// \pre every criterion names a column, and a band where it has bands and the run has
  /// several
  Selection(MeasurementSchema schema, const BandNames& bands,
            std::vector<Criterion> criteria);

  const std::vector<Criterion>& criteria() const { return criteria_; }
  SelectionCounts no_counts() const;
  /// Whether the row is kept; the counts go on by it.
  bool keeps(const Measurement& measurement, SelectionCounts& counts) const;

 private:
  struct Place {
    std::size_t column = 0;
    std::size_t band = 0;
  };
  MeasurementSchema schema_;
  std::vector<Criterion> criteria_;
  std::vector<Place> places_;  ///< of the criteria
};

}  // namespace lensmill::measure
