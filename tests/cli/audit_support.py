"""What the tests of `lensmill audit` share: a set of pairs, and running an audit."""

import csv
import json

from support import Case, lensmill

ROWS = 60
# As run: the arcs' matched-filter SNR is about 30 to 100.
SET = f"""\
schema: 1
run: {{name: set, seed: 7}}
grid: {{pixel_scale_arcsec: 0.262, stamp_size_pix: 48}}
bands: [r]
catalogue: {{sampled: {{count: {ROWS}}}}}
priors:
  theta_e_arcsec: {{uniform: [0.8, 1.6]}}
  lens_q: {{uniform: [0.6, 1.0]}}
  lens_phi_deg: {{uniform: [0, 180]}}
  lens_gamma: 2.0
  shear_g1: 0.02
  shear_g2: 0.0
  src_offset: {{disc: {{radius_over_theta_e: 0.8}}}}
  src_reff_arcsec: {{uniform: [0.15, 0.4]}}
  src_sersic_n: 1.0
  src_q: 0.7
  src_phi_deg: {{uniform: [0, 180]}}
  src_flux_nmgy_r: 3.0
  host_mag_r: 19.0
host:
  sersic: {{reff_arcsec: 1.0, n: 4.0, q: 0.8, phi_deg: 20}}
psf:
  accept_failed_self_test: true
  r: {{kind: gaussian, fwhm_pix: 4.0}}
noise:
  sky_sigma_nmgy: {{r: 0.01}}
  gain_e_per_nmgy: {{r: 500}}
measure: {{aperture_radius_pix: [5.0], annulus_pix: [10.0, 20.0]}}
output: {{rows_per_shard: 64, products: [positive, negative]}}
"""
FLUX_TOLERANCE = 0.02
SHORT = "mapping: lensmill\n"


class Audited(Case):
    def audit(self, file, mapping, *options):
        """Its result, what stdout said and the rows of audit.csv."""
        folder = self.folder / "audit"
        path = self.write("mapping.yaml", mapping)
        result = self.assert_ends(
            lensmill("audit", file, path, "--output", folder, *options), 0)
        report = json.loads((folder / "audit.json").read_text())
        with open(folder / "audit.csv") as table:
            rows = list(csv.DictReader(table))
        self.assertIn(report["sentence"], result.stdout)
        return report, result.stdout, rows

    def assert_most(self, report, verdict):
        """Nine tenths of the stamps say the same on their own."""
        self.assertGreaterEqual(report["stamp_verdicts"][verdict],
                                0.9 * report["rows"]["compared"], report)
