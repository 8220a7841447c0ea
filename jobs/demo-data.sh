#!/usr/bin/env bash
# Make survey-like input files, all of them SYNTHETIC, that every shipped configuration
# runs on: single exposures with weights and PSFEx models, cubes of hosts, a coadd, galaxy
# images, cutouts of a cutout service with PSFs and a catalogue.
#
#   jobs/demo-data.sh FOLDER [--seed N]
#   export LENSMILL_DATA=FOLDER
#   build/release/bin/lensmill run configs/real_survey.yaml
#
# 24 MB, some 10 s. The same seed gives the same files.
set -euo pipefail
case "${1:-}" in
  --help|-h) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  "") echo "usage: jobs/demo-data.sh FOLDER [--seed N]" >&2; exit 64 ;;
esac
exec /usr/bin/python3 "$(dirname "$0")/../python/demo_data.py" "$@"
