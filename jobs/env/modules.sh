# shellcheck shell=bash
# Site: a cluster with environment modules (Lmod or Tcl modules).
# Sourced by the batch scripts under LENSMILL_SITE=modules, on the first node of a job.
#
# LENSMILL_MODULES   what to load; the names differ from site to site (module avail)
: "${LENSMILL_MODULES:=gcc/12 openmpi/4.1 hdf5/1.10-parallel fftw/3.3}"
: "${LENSMILL_LAUNCHER:=srun}"
: "${LENSMILL_SRUN_MPI:=pmix}"

# Batch shells often lack the function `module`.
if ! type module >/dev/null 2>&1; then
  for file in /etc/profile.d/modules.sh /etc/profile.d/lmod.sh /usr/share/lmod/lmod/init/bash; do
    # shellcheck disable=SC1090
    if [ -r "$file" ]; then . "$file"; break; fi
  done
fi
if ! type module >/dev/null 2>&1; then
  echo "env/modules.sh: there is no command \`module\` on $(hostname); choose another LENSMILL_SITE" >&2
  return 1
fi
module purge
# shellcheck disable=SC2086  # a list of names
module load $LENSMILL_MODULES || return 1

export OMP_NUM_THREADS=1
# Lustre mounted without flock, and some NFS servers: HDF5 cannot lock its files.
export HDF5_USE_FILE_LOCKING=${HDF5_USE_FILE_LOCKING:-FALSE}
