#pragma once

#include <initializer_list>
#include <string_view>

#include "lib/config/reader.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/config/run_config.hpp"

/// \file
/// One reader per section of the configuration, in the order they are read. Each takes
/// the document's root and fills its part of the RunConfig; problems are collected in
/// the document.

namespace lensmill::config {

void read_run_grid_bands(const Section& root, RunConfig& config);
void read_catalogue(const Section& root, RunConfig& config);
void read_cosmology(const Section& root, RunConfig& config);
/// \param open_table what opens the files of joint tables
void read_priors(const Section& root, RunConfig& config, const TableOpener& open_table);
/// After the priors: fills in priors src_knot* of `source.clumpy` and
/// src_point_fraction of `source.point`.
void read_source(const Section& root, RunConfig& config);
/// After the priors: fills in priors host_* of `host.sersic`.
void read_host(const Section& root, RunConfig& config);
/// `host.survey`, the hosts cut from survey images. Called by read_host.
void read_survey(const Section& host, RunConfig& config);
/// `host.cutouts`. Called by read_host.
void read_cutouts(const Section& host, RunConfig& config);
/// After the priors: fills in priors of the PSFs' widths.
void read_psf(const Section& root, RunConfig& config);
void read_render_convolve(const Section& root, RunConfig& config);
/// After the priors: fills in priors of the sky noise.
void read_noise(const Section& root, RunConfig& config);
void read_measure(const Section& root, RunConfig& config);
void read_output(const Section& root, RunConfig& config);

/// `catalogue.keep`. Called by read_catalogue.
void read_keep(const Section& catalogue, RunConfig& config);
/// After all sections: that `catalogue.keep` names measurements of this run, and how
/// many candidates there may be.
void check_keep(const Section& root, RunConfig& config);

/// What no section can see alone: operators against kernels, products against hosts,
/// priors against the catalogue's columns.
void cross_check(Document& document, RunConfig& config);

/// Warn about entries of a map from band to value whose band the run does not have.
void warn_unused_bands(const Section& by_band, const BandNames& bands,
                       std::initializer_list<std::string_view> other_keys = {});

/// `stages.lens.x at run.yaml:14`, for messages made later.
std::string where(const Section& section, std::string_view key);

}  // namespace lensmill::config
