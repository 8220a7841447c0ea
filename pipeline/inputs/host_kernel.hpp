#pragma once

#include <string>
#include <vector>

#include "lib/psf/pixel_kernel.hpp"
#include "pipeline/inputs/host_names.hpp"
#include "pipeline/inputs/psf_header.hpp"

namespace lensmill::pipeline {

/// A band's kernel out of one host's file.
struct HostKernel {
  psf::PixelKernel kernel;
  /// Whether nothing in the file says which band it is of.
  bool says_no_band = false;
};

/// Read it: the plane of the HDU that the configuration names, else the one whose
/// header (or `band_order`) says this band, else the only image of a file that says
/// none. \throws IoError; ConfigError: another band or scale; DataError: no such plane,
/// as
///   find_planes and checked_kernel
HostKernel read_host_kernel(const std::string& path, const PsfQuestion& question,
                            std::vector<std::string>& warnings);

/// What hosts are called, for comparing a file's own word.
struct ObjectQuestion {
  const config::RunConfig& config;
  const config::PsfSection& section;
  const HostNames& names;
};

/// Hold what the header of a host's PSF file calls its object against its host: the
/// card of `id_card` (psf, else host.cutouts) or of the name of `id_column` must be the
/// host's id; TARGETID, OBJID, OBJECT and the like may not be another host's, or
/// another than in the host's own cutout. \param hosts all that have this file \return
/// what is wrong, or ""
std::string object_problem(const std::string& path, const ObjectQuestion& question,
                           const std::vector<std::int64_t>& hosts);

}  // namespace lensmill::pipeline
