#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/core/status.hpp"
#include "pipeline/archive/selection_record.hpp"
#include "pipeline/session/session.hpp"

/// \file
/// What a run's rows are like, before a night is spent on them: a sample is rendered,
/// and values that point to a mistake in units, files or priors are marked.

namespace lensmill::pipeline {

/// Values of one quantity (in one band) over the sampled rows.
struct Spread {
  std::string name;  ///< as the column, e.g. `arc_snr`; per band "arc_snr r"
  std::string unit;
  std::int64_t rows = 0;  ///< with a value
  double low = 0.0;       ///< 5 %
  double median = 0.0;
  double high = 0.0;  ///< 95 %
  double least = 0.0;
  double largest = 0.0;
};

/// A value that points to a mistake.
struct Suspicion {
  std::string name;  ///< of the Spread that it marks, or ""
  std::string text;  ///< PROBLEM (WHY); SUGGESTION
};

struct Plausibility {
  std::int64_t rows = 0;  ///< rendered
  std::int64_t failed = 0;
  std::int64_t with_images = 0;
  std::vector<std::pair<Status, std::int64_t>> by_status;  ///< those that occur
  std::vector<Spread> spreads;
  std::vector<Suspicion> suspicions;
  /// With `catalogue.keep`: what became of the sampled candidates. What else is said is
  /// of all of them.
  std::optional<SelectionRecord> selection{};

  /// Whether no row at all could be rendered: the run would be worthless.
  bool hopeless() const { return rows > 0 && with_images == 0; }
  /// One screen: the table with marks, then the marks' sentences.
  std::string text() const;
};

/// Positive and negative of one sampled row, for a contact sheet.
struct SamplePair {
  std::int64_t injection_id = 0;
  std::vector<Image<float>> negative, positive;  ///< [band]
};

/// `most` of the rows 0 .. count - 1 (all, if there are fewer), none twice, in an order
/// whose beginnings are spread evenly over the run, too.
std::vector<std::int64_t> spread_rows(std::int64_t count, std::int64_t most);

/// Render rows spread evenly over the run, at most 200 and for at most ten seconds.
/// The marks: angles beyond a full turn (degrees?), hosts and arcs of magnitudes that
/// no survey has (zero point?), colours with the bands in another order, arcs that
/// cannot be seen or outshine everything, noise unlike the images' own, PSFs too narrow
/// or broad for a telescope, Einstein radii that the stamp or the PSF does not
/// resolve, rows that fail.
/// \param pairs null, or where the first rows' images go, at most `most_pairs`
/// \independent \throws DataError for a row that cannot be drawn
Plausibility check_plausibility(const Session& session,
                                std::vector<SamplePair>* pairs = nullptr,
                                std::size_t most_pairs = 0);

/// The marks of values as they were measured; apart from rendering, for tests.
std::vector<Suspicion> suspicions_of(const std::vector<Spread>& spreads,
                                     const config::RunConfig& config);

}  // namespace lensmill::pipeline
