#pragma once

/// \file
/// Distances of a flat universe of matter and a cosmological constant (no radiation),
/// and the Einstein radius that follows from a velocity dispersion.

namespace lensmill::catalogue {

/// Flat LCDM: omega_lambda = 1 - omega_m. omega_m in [0.01, 1]; 1 is Einstein-de
/// Sitter.
struct Cosmology {
  double h0_km_s_mpc = 70.0;
  double omega_m = 0.3;
};

/// Comoving distance between two redshifts, Mpc: c/H0 times the integral of dz/E(z),
/// E = sqrt(omega_m (1+z)^3 + 1 - omega_m), by quadrature to a relative 1e-12 for
/// 0 <= from <= to <= 20. Hogg (1999, arXiv:astro-ph/9905116), eqs. 14-16.
double comoving_distance_mpc(const Cosmology& cosmology, double from, double to);

/// (1 + z) times the comoving distance (Hogg 1999, eq. 21).
double luminosity_distance_mpc(const Cosmology& cosmology, double redshift);

/// m - M without a K correction: 5 log10(D_L / 10 pc); redshift > 0.
double distance_modulus_mag(const Cosmology& cosmology, double redshift);

/// D_ls / D_s of angular diameter distances, in [0, 1); 0 <= lens < src. In a flat
/// universe that is the ratio of the comoving distances (Hogg 1999, eq. 19), and H0
/// drops out.
double distance_ratio(const Cosmology& cosmology, double lens_redshift,
                      double src_redshift);

/// Einstein radius of a singular isothermal sphere: 4 pi (sigma_v/c)^2 D_ls/D_s, in
/// arcsec; that of an SIE on the intermediate axis (docs/physics.md).
double isothermal_theta_e_arcsec(double sigma_v_km_s, double ls_over_s);

}  // namespace lensmill::catalogue
