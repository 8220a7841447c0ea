#!/usr/bin/env bash
# Install the packages, build lensmill and run configs/quickstart.yaml on 2 ranks.
#
#   jobs/quickstart.sh [OUTPUT_FOLDER]     default: runs/quickstart, written anew
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  --help|-h) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
output=${1:-runs/quickstart}

jobs/install-packages.sh
jobs/build.sh release -DLENSMILL_BUILD_TESTS=OFF

. jobs/mpi-single-machine.sh
mpirun -n 2 build/release/bin/lensmill run configs/quickstart.yaml \
  --output "$output" --overwrite

file=$(realpath "$output"/*.h5)
LENSMILL_PYTHON=${LENSMILL_PYTHON:-/usr/bin/python3} \
  build/release/bin/lensmill report "$output" > /dev/null
cat <<END

The stamps, the catalogue and the measurements are in
  $file
Read it with Python (docs/python.md), or with plain h5py:
  PYTHONPATH=$PWD/python /usr/bin/python3 -c "
import lensmill
run = lensmill.open('$output')
print(run.images['positive'], run.where(theta_e_arcsec=(1, 2), n_images=4)[:10])
print(run.measurements['core_flux_fraction'][:3])"
What it says, to look at in a browser:
  $(realpath "$output")/analysis/report.html
END
