#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/analyse/report.hpp"
#include "pipeline/analyse/run_numbers.hpp"
#include "pipeline/archive/run_on_disk.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// Which cause leads in one run, by every way of counting.
struct LeadsOfRun {
  std::string path;  ///< as the user gave it
  std::string config_hash{};
  std::int64_t rows = 0;
  bool is_grid = false;  ///< a design: no population
  std::string psf_operator;
  ResultTable robustness;  ///< LeadingCauses::robustness
};

/// That two runs' core fluxes are of the same aperture and bands: pixel scale, mask,
/// centre and radii of the aperture, and bands.
/// \throws DataError: what differs, or `other` is the same folder as `first`
void require_comparable(const RunOnDisk& first, const RunOnDisk& other);

/// That no run stands there twice, as a copy either: same configuration, input files
/// and number of rows. \param runs of read_leads \throws DataError
void require_different(const RunOnDisk& first, const std::vector<LeadsOfRun>& runs);

/// Read another run for a comparison with `first`. \collective; the table is the root's
/// alone \throws DataError (not comparable; no run; no row that counts), IoError
LeadsOfRun read_leads(const RunOnDisk& first, const std::string& path,
                      const AnalysisOptions& options,
                      const parallel::Communicator& world, Log& log);

/// The section `runs`: leader and lead in each run at each theta_E, in the reported
/// account, band and aperture and mean over rows; how many of that run's ways of
/// counting agree; and whether the runs agree. All ways of all runs are table
/// `runs_robustness`.
Section runs_section(const std::vector<LeadsOfRun>& runs);

}  // namespace lensmill::pipeline
