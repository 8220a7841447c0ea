"""Answers about where the light in the core comes from."""

from typing import Any, Dict, List

from lensmill.answers.evidence import (CAUSES, LEAST_ROWS, Evidence, Said, not_answerable,
                                       number, of_statistic, shown)

ANALYSE = "lensmill analyse {run}"


def _few(evidence: Evidence) -> str:
    return (f"fewer than {LEAST_ROWS} {evidence.unit} with a core flux fraction in each bin of "
            f"theta_E; make a run of more {evidence.unit}, or give wider --theta-e-bins to "
            f"`lensmill analyse {evidence.place}`")


def _all_too_few(evidence: Evidence) -> bool:
    return all(row["dominance"] == "too few" for row in evidence.main_leaders().values())


def leading_cause(evidence: Evidence) -> Said:
    """Who gives most of the light in the core, by theta_E."""
    leaders = evidence.main_leaders()
    told: List[str] = []
    numbers: Dict[str, Dict[str, Any]] = {}
    for name in [*evidence.bins(), "all"]:
        row = leaders.get(name)
        if row is None or not row.get("leader"):
            continue
        lead = number(row, "lead")
        where = f"{name} arcsec" if name != "all" else "all rows together"
        numbers[f"lead {name}"] = lead
        who, other = CAUSES[row["leader"]], CAUSES.get(row.get("next") or "", "")
        if row["dominance"] == "leads":
            told.append(f"{where}: the {who}, by {shown(lead, 1, percent=True)} of the core "
                        f"flux over the {other}, {evidence.ways_led(name, row['leader'])}")
        elif row["dominance"] == "tie":
            told.append(f"{where}: a tie of {who} and {other} "
                        f"({shown(lead, 1, percent=True)} of the core flux apart)")
        else:
            told.append(f"{where}: {row['dominance'].replace('_', ' ')}")
    if not told or _all_too_few(evidence):
        return not_answerable(_few(evidence))
    return Said("; ".join(told) + ".", numbers,
                "largest mean part of the core flux before the PSF "
                                    "(account `split`); it leads when the whole interval of its "
                                    "lead is above 5 % of the core flux", ANALYSE)


def dominant_cause(evidence: Evidence) -> Said:
    """The same in short: which bins each cause leads."""
    leaders = evidence.main_leaders()
    by_cause: Dict[str, List[str]] = {}
    for name in evidence.bins():
        row = leaders.get(name)
        if row is None or not row.get("leader"):
            continue
        what = (f"the {CAUSES[row['leader']]} leads" if row["dominance"] == "leads"
                else row["dominance"].replace("_", " "))
        by_cause.setdefault(what, []).append(name)
    if not by_cause or _all_too_few(evidence):
        return not_answerable(_few(evidence))
    told = "; ".join(f"{what} at {', '.join(names)}" for what, names in by_cause.items())
    whole = leaders.get("all", {}).get("dominance")
    if not any(what.endswith("leads") for what in by_cause):
        text = f"None is shown to lead at any theta_E: {told}."
    elif len(by_cause) == 1:
        text = f"One at every theta_E: {told}."
    else:
        text = f"No single one, it depends on theta_E in arcsec: {told}."
        if whole:
            text += (" Over all rows together, which depends on their theta_E: "
                     + (f"the {CAUSES[leaders['all']['leader']]} leads" if whole == "leads"
                        else whole.replace("_", " ")) + ".")
    return Said(text, {}, "as for the first question", ANALYSE)


def leader_change(evidence: Evidence) -> Said:
    told, numbers = [], {}
    named = {"split": "before the PSF", "net_kind": "net of what the PSF moves"}
    for row in evidence.table("attribution", "leader_change"):
        place = number(row, "theta_e")
        where = named.get(row["ranking"], row["ranking"])
        numbers[row["ranking"]] = place
        if "found" not in row:
            return not_answerable("the analysis is of an older version: run `lensmill analyse "
                                  f"{evidence.place}` again")
        if row["found"] == "not_decided" or not row.get("below") or not row.get("above"):
            told.append(f"{where}, these rows do not decide")
        elif row["found"] == "several":
            told.append(f"{where}, it changes more than once, from the {row['below']} at the "
                        f"smallest theta_E to the {row['above']} at the largest")
        elif row["found"] == "none":
            told.append(f"{where}, the {row['below']} is the larger at every theta_E"
                        + ("" if row["decided_everywhere"] else " at which it is decided"))
        elif place["value"] is not None:
            told.append(f"{where}, the {row['below']} is the larger below {shown(place)} arcsec, "
                        f"the {row['above']} above")
        elif place["lower"] is not None and place["upper"] is not None:
            told.append(f"{where}, the {row['below']} is the larger up to {place['lower']:.4g} "
                        f"arcsec, the {row['above']} from {place['upper']:.4g} arcsec on")
    if not told:
        return not_answerable(_few(evidence))
    text = "; ".join(told) + "."
    return Said(text[0].upper() + text[1:], numbers,
                "theta_E at which counter-image and outer image give "
                                    "equal mean parts of the core flux", ANALYSE)


def inner_positions(evidence: Evidence) -> Said:
    rows = {row["statistic"]: row for row in evidence.table("inner_images", "inner_images")}
    if rows.get("saddle_median", {}).get("n", 0) < LEAST_ROWS:
        return not_answerable("fewer than 20 rows have a counter-image (the lens equation's "
                              "saddle image): make a run with sources inside the caustic")
    radii = sorted(int(name.split("_")[2]) for name in rows
                   if name.startswith("saddle_within_") and name.endswith("_pix"))
    numbers = {name: of_statistic(rows[name]) for name in
               ("src_offset_over_theta_e_median", "saddle_median",
                *(f"saddle_within_{r}_pix" for r in radii),
                *(f"sis_proxy_within_{r}_pix" for r in radii)) if name in rows}
    inside = ", ".join(
        f"{shown(numbers[f'saddle_within_{r}_pix'], 1, percent=True)} of them at r < {r} pix"
        for r in radii)
    proxy = ", ".join(
        f"{shown(numbers[f'sis_proxy_within_{r}_pix'], 1, percent=True)} at r < {r} pix"
        for r in radii if f"sis_proxy_within_{r}_pix" in numbers)
    return Said(
        f"The median source is {shown(numbers['src_offset_over_theta_e_median'])} theta_E off the "
        f"axis; the median counter-image is {shown(numbers['saddle_median'], 2)} pix from the "
        f"lens, {inside}" + (f". By the isothermal sphere's theta_E - beta, as the study counts: "
                             f"{proxy}" if proxy else "") + ".", numbers,
        "point images of the source's centre by the lens equation; Wilson intervals of "
        "the shares, as of independent rows", ANALYSE)


def _by_bin(evidence: Evidence, section: str, table: str, name: str, digits: int,
            percent: bool, value: str = "") -> "tuple[str, Dict[str, Any]]":
    told, numbers = [], {}
    for bin_name in evidence.bins():
        row = evidence.of_bin(section, table, bin_name)
        if row is None or row.get(value or name) is None:
            continue
        numbers[bin_name] = number(row, name, value or name)
        told.append(f"{bin_name} {shown(numbers[bin_name], digits, percent)}")
    return "; ".join(told), numbers


def positions_by_theta_e(evidence: Evidence) -> Said:
    text, numbers = _by_bin(evidence, "core_flux", "counter_image_positions", "mean", 2, False)
    inside, shares = _by_bin(evidence, "core_flux", "counter_image_positions",
                             f"within_{evidence.rows['aperture_radius_pix']:g}_pix", 1, True)
    if not text:
        return not_answerable(_few(evidence))
    return Said(f"Mean distance of the counter-image from the lens in pix, by theta_E in arcsec: "
                f"{text}. Share of them in the core: {inside}.",
                {**{f"distance {k}": v for k, v in numbers.items()},
                 **{f"inside {k}": v for k, v in shares.items()}},
                "means, by point images", ANALYSE)


def core_flux(evidence: Evidence) -> Said:
    text, numbers = _by_bin(evidence, "core_flux", "core_flux", "mean", 1, True)
    whole = evidence.of_bin("core_flux", "core_flux")
    if not text or whole is None or whole.get("mean") is None:
        return not_answerable(_few(evidence))
    numbers["all"] = number(whole, "mean")
    return Said(f"By theta_E in arcsec: {text}; all rows {shown(numbers['all'], 1, percent=True)}.",
                numbers, "mean core flux fraction: arc light in the aperture "
                                             "over that in the stamp, after the PSF, noise-free",
                ANALYSE)


def psf_expectation(evidence: Evidence) -> Said:
    rows = [row for row in evidence.table("psf_expectation", "psf_expectation")
            if row["theta_e_bin"] != "all" and row["n"] >= LEAST_ROWS
            and row.get("ring_expectation") is not None]
    if not rows:
        return not_answerable("no row has a PSF with a width in the catalogue (pixelised and "
                              "PSFEx kernels have none) in a filled bin of theta_E: make a run "
                              "with a Moffat or Gaussian PSF")
    row = rows[-1]
    measured, ring = number(row, "measured"), number(row, "ring_expectation")
    gaussian = number(row, "gaussian_ring_expectation")
    text = (f"In theta_E {row['theta_e_bin']} arcsec {shown(measured, 1, percent=True)} of the "
            f"arc is in the core; a thin ring blurred by each row's own PSF would put "
            f"{shown(ring, 1, percent=True)} there")
    if gaussian["value"] is not None:
        text += f" (by a Gaussian of the same width {shown(gaussian, 1, percent=True)})"
    amplitude = row.get("amplitude_ratio")
    if amplitude is not None:
        text += (f". The quoted 0.4 % is exp(-theta_E^2 / 2 sigma^2), here "
                 f"{100 * amplitude:.2f} %: an amplitude ratio, not a flux")
    return Said(text + ".", {"measured": measured, "ring": ring, "gaussian_ring": gaussian},
                "mean core flux fraction; the ring has radius theta_E",
                ANALYSE)


def profile(evidence: Evidence) -> Said:
    told, numbers = [], {}
    for name in evidence.bins():
        rows = [row for row in evidence.table("radial_profiles", "radial_profiles")
                if row["theta_e_bin"] == name and row.get("arc") is not None]
        if not rows:
            continue
        peak = max(rows, key=lambda row: float(row["arc"]))
        numbers[name] = {"value": float(peak["radius"]), "lower": None, "upper": None}
        ring = sum(float(edge) for edge in name.strip("[])").split(",")) / 2
        ring_pix = ring / float(evidence.rows["pixel_scale_arcsec"])
        at_ring = min(rows, key=lambda row: abs(float(row["radius"]) + 0.5 - ring_pix))
        told.append(f"{name}: highest at {peak['radius']:g} to {peak['radius'] + 1:g} pix, "
                    f"{float(at_ring['arc']) / float(peak['arc']):.2f} of that at the Einstein "
                    f"radius ({ring_pix:.1f} pix)")
    if not told:
        return not_answerable("the run has no radial profiles: set measure.profiles, or see "
                              "docs/config-reference.md")
    return Said("Mean surface brightness of the arc by theta_E in arcsec: " + "; ".join(told)
                + ".", numbers, "mean over rows of each stamp's profile over "
                                                    "its arc's flux, annuli of 1 pix", ANALYSE)
