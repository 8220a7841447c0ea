#pragma once

#include <string>

#include "lib/measure/core_centroid.hpp"
#include "lib/measure/kernel_checks.hpp"
#include "stages/factory.hpp"

/// \file
/// What the PSF self-test holds a kernel to: its policy in the configuration, and what
/// its file or its closed form says of it.

namespace lensmill::pipeline {

/// The promise of one PSF of a run.
measure::KernelPromise promise_of(const stages::PsfCase& one,
                                  const stages::Setup& setup,
                                  const stages::Inputs& inputs,
                                  const config::RunConfig& config);

/// What to do about a kernel whose core is not where it should be, by the indices of
/// its file. \param stored the kernel as stored; null for models and analytic kinds
std::string advice_on_place(const config::PsfSection& section,
                            const psf::PixelKernel* stored,
                            const measure::CoreCentroid& core);

}  // namespace lensmill::pipeline
