#pragma once

namespace lensmill::parallel {

/// The one check of MPI's return codes. \throws IoError with the call and MPI's text
void check(int code, const char* call);

}  // namespace lensmill::parallel
