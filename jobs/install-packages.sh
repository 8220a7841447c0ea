#!/usr/bin/env bash
# Install what lensmill needs from Debian 12 or 13; does nothing when all of it is there.
# Ubuntu 24.04 has the same package names (untried).
#
#   jobs/install-packages.sh               build, run, test, read
#   jobs/install-packages.sh --developer   and ccache, gcovr, SEP, SExtractor, chromium, clang-format, clang-tidy, shellcheck, doxygen
#   jobs/install-packages.sh --lint        clang-format, clang-tidy, shellcheck, doxygen, no more
#   jobs/install-packages.sh --more-tests  SEP, SExtractor, chromium: what some tests skip without, no more
#   jobs/install-packages.sh --slurm       a SLURM to test the batch scripts with, no more
#   jobs/install-packages.sh --list        print what is needed, by component
#
# Runs as root, or through sudo. On other systems it lists what is needed and ends with 1;
# LENSMILL_SKIP_INSTALL=1 skips it (the libraries come from modules, spack, conda, ...).
set -euo pipefail

# component | what it is | Debian packages
components='
compiler   | C++20 (GCC 12 or newer, clang 14 or newer)  | g++
build      | CMake 3.25 or newer, Ninja, pkg-config; git (the commit is recorded in every file) | cmake ninja-build pkg-config git
MPI        | Open MPI 4.1 or 5.0                         | openmpi-bin libopenmpi-dev
HDF5       | HDF5 1.10 to 1.14, *parallel*, and tools    | libhdf5-openmpi-dev hdf5-tools
FFT        | FFTW 3.3, single and double, and its MPI    | libfftw3-dev libfftw3-mpi-dev
FITS       | CFITSIO 4, WCSLIB 7 or 8                    | libcfitsio-dev wcslib-dev
config     | yaml-cpp 0.7 or 0.8                         | libyaml-cpp-dev
checksums  | OpenSSL 3                                   | libssl-dev
pictures   | libpng 1.6                                  | libpng-dev
numbers    | Random123, Highway 1.0 or newer, Eigen 3.4  | librandom123-dev libhwy-dev libeigen3-dev
classifier | XGBoost 1.7 to 3.0 (boosted trees of `probe`) | libxgboost-dev
program    | Boost.Program_options, fmt, spdlog, nlohmann-json | libboost-program-options-dev libfmt-dev libspdlog-dev nlohmann-json3-dev
tests      | GoogleTest, Google Benchmark; pytest, mypy, pandas, pip | libgtest-dev libgmock-dev libbenchmark-dev python3-pytest mypy python3-pandas python3-venv python3-setuptools
reading    | Python 3 with h5py, numpy, yaml, matplotlib, jinja2, astropy, prov | python3 python3-h5py python3-numpy python3-yaml python3-matplotlib python3-jinja2 python3-astropy python3-prov
'
lint='
lint       | clang-format, clang-tidy, shellcheck, doxygen | clang-format clang-tidy shellcheck doxygen
'
developer='
developer  | ccache, gcovr | ccache gcovr
'
more_tests='
more tests | SEP and SExtractor (searches, for a test of recover); a browser (for the test of report) | python3-sep source-extractor chromium chromium-driver python3-selenium
'

# PMIx in full: srun's plugin loads libpmix.so by the name that only libpmix-dev has.
slurm='
SLURM      | SLURM 22.05 or newer with PMIx, for the tests of the batch scripts | slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge libpmix-dev iproute2 util-linux procps
'

list_needed() {
  echo "lensmill needs (package names of Debian 12 and 13 in brackets):"
  while IFS='|' read -r name what packages; do
    [ -z "$name" ] || printf '  %s%s [%s]\n' "$name" "${what% }" "$(echo $packages)"
  done <<<"$components"
}

case "${1:-}" in
  "") ;;
  --developer) components+=$lint$developer$more_tests ;;
  --more-tests) components=$more_tests ;;
  --lint) components=$lint ;;
  --slurm) components=$slurm ;;
  --list) components+=$lint$developer$more_tests$slurm; list_needed; exit 0 ;;
  --help|-h) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  *) echo "install-packages: unknown option $1 (try --help)" >&2; exit 64 ;;
esac
if [ "${LENSMILL_SKIP_INSTALL:-0}" = 1 ]; then
  echo "install-packages: skipped (LENSMILL_SKIP_INSTALL=1)"; exit 0
fi

system=unknown version=
if [ -r /etc/os-release ]; then
  system=$(. /etc/os-release; echo "${ID:-unknown}")
  version=$(. /etc/os-release; echo "${VERSION_ID:-}")
fi
case $system in debian|ubuntu) ;; *) system=other ;; esac
if [ "$system" = other ] || ! command -v dpkg-query >/dev/null; then
  { echo "install-packages: this is neither Debian nor Ubuntu: nothing was installed."
    list_needed
    echo "Install these your way, then run again with LENSMILL_SKIP_INSTALL=1."; } >&2
  exit 1
fi
case "$system $version" in
  "debian 12"|"debian 13") ;;
  *) echo "install-packages: tried on Debian 12 and 13; $system ${version:-(development)} is untried" >&2 ;;
esac

missing=()
for package in $(cut -d'|' -f3 <<<"$components"); do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
    missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "install-packages: everything is there"; exit 0
fi
echo "install-packages: ${#missing[@]} packages to install: ${missing[*]}"

as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    { echo "install-packages: not root, and there is no sudo. As root, run:"
      echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    } >&2
    exit 1
  fi
  as_root=(sudo)
  # Tests do without rather than ask for a password.
  case "${1:-}" in --slurm|--more-tests) as_root=(sudo -n) ;; esac
fi
# The tests start daemons of their own; those of the packages must stay off, also where
# systemd would start them.
policy=/usr/sbin/policy-rc.d
keep_daemons_off() {
  [ ! -e $policy ] || return 0
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod 755 $policy
  trap '"${as_root[@]}" rm -f $policy' EXIT
}
if [ "${1:-}" = --slurm ]; then keep_daemons_off; fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}
install_missing() { apt install -y --no-install-recommends "${missing[@]}" >/dev/null; }

# Package lists that know every package are used as they are; stale ones (a file is gone
# from the server) are fetched again once.
updated=0
if ! apt-cache show "${missing[@]}" >/dev/null 2>&1; then apt update; updated=1; fi
if ! install_missing; then
  if [ $updated = 1 ] || ! { apt update && install_missing; }; then
    { echo "install-packages: apt-get failed; its messages are above."
      df -h /var | tail -n 1 | awk '{print "  free on " $6 ": " $4}'; } >&2
    exit 1
  fi
fi
echo "install-packages: done"
