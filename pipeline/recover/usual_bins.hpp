#pragma once

#include "pipeline/recover/recover.hpp"

namespace lensmill::pipeline {

/// Completeness of the counted injections by the request's columns and the usual ones
/// (theta_e_arcsec; arc_snr, core_flux_fraction and psf_fwhm_arcsec of each band), the
/// fit by each arc_snr. \throws DataError: a column of the request that the truth lacks
void add_completeness(RecoverResult& result);

}  // namespace lensmill::pipeline
