"""Answers about the data, the hypotheses, the model and what classifiers learn."""

from typing import Any, Dict, List

from lensmill.answers.evidence import Evidence, Said, not_answerable, number, shown

ANALYSE, PROBE = "lensmill analyse {run}", "lensmill probe {run}"
DISTRIBUTIONS = ("theta_e_arcsec", "src_reff_arcsec", "src_sersic_n", "src_offset_over_theta_e",
                 "psf_fwhm_arcsec", "arc_snr")
SATURATED_AUC, TARGET_AUC = 0.99, 0.65  # as `lensmill probe` has them
# Normal quantiles: of a 90 % interval, and of a probability of 90 % to be beyond it.
NORMAL_95, NORMAL_90 = 1.6449, 1.2816
FEW_HOSTS = 10


def distribution(evidence: Evidence, *variables: str) -> Said:
    told, numbers = [], {}
    for row in evidence.table("distributions", "distributions"):
        if row["variable"] not in variables or not row["n"] or row.get("median") is None:
            continue
        numbers[row["variable"]] = {"value": row["median"], "lower": row["p5"],
                                    "upper": row["p95"]}
        unit = f" {row['unit']}" if row["unit"] else ""
        told.append(f"{row['variable']}: median {row['median']:.3g}{unit}, 5 to 95 % "
                    f"{row['p5']:.3g} to {row['p95']:.3g}, range {row['minimum']:.3g} to "
                    f"{row['maximum']:.3g}")
    missing = [name for name in variables if name not in numbers]
    if not told:
        return not_answerable(f"the run has no column {', '.join(missing)}")
    text = "; ".join(told) + "."
    if missing:
        text += f" Not in this run: {', '.join(missing)}."
    return Said(text, numbers, f"per row; brackets are no intervals of a mean but 5 and 95 % "
                f"quantiles", ANALYSE)


def annulus(evidence: Evidence) -> Said:
    row = evidence.of_bin("paired", "offsets")
    if not row or row.get("annulus_offset") is None or row.get("core_offset") is None:
        return not_answerable("the run has no pairs: positive and negative images are measured "
                              "where output and host make both")
    outer, core = number(row, "annulus_offset"), number(row, "core_offset")
    share = (float(row["annulus_offset"]) / float(row["core_offset"]) if row["core_offset"]
             else float("nan"))
    return Said(f"Positive minus negative is {shown(outer, 5)} nmgy per pix in the annulus and "
                f"{shown(core, 4)} in the core: the annulus has {100 * share:.2f} % of the "
                "core's.", {"annulus": outer, "core": core},
                "mean offset per pixel, all rows", ANALYSE)


def offset_line(evidence: Evidence, against: str, unit: str) -> Said:
    row = next((one for one in evidence.table("paired", "offset_lines")
                if one["theta_e_bin"] == "all" and one["against"] == against), None)
    if row is None or row.get("r_squared") is None:
        return not_answerable(f"no line of the core offset against {against}: {against} must "
                              "vary, and the run have pairs")
    slope, r2 = number(row, "slope"), number(row, "r_squared")
    return Said(f"Slope {shown(slope, 4)} nmgy per pix per {unit}, R^2 {shown(r2, 2)}.",
                {"slope": slope, "r_squared": r2},
                f"least squares of the core offset on {against}, all rows",
                ANALYSE)


def visibility(evidence: Evidence) -> Said:
    row = next((one for one in evidence.table("visibility", "visibility")
                if one["bin"] == "all"), None)
    if row is None or not row.get("n") or row.get("snr_above_3") is None:
        return not_answerable("no counter-image has an SNR: the run needs noise and hosts")
    three, five = number(row, "snr_above_3"), number(row, "snr_above_5")
    return Said(f"{shown(three, 1, percent=True)} of the simulated counter-images have an SNR "
                f"above 3 over host light and noise, {shown(five, 1, percent=True)} above 5. The "
                "matched filter knows where the image is and what the galaxy looks like: a search "
                "of the same stamps sees fewer; of observed lenses no simulation tells.",
                {"snr_above_3": three, "snr_above_5": five},
                "matched filter with the variance of host and sky, largest over bands; Wilson "
                "intervals", ANALYSE)


def masking(evidence: Evidence) -> Said:
    base, mask = evidence.variant("baseline"), evidence.variant("core_mask")
    if base is None or mask is None:
        return not_answerable(f"run `lensmill probe {evidence.place}`")
    # The question is about visible counter-images; without enough of them all rows stand in.
    part = "_visible_counter_image" if "auc_visible_counter_image" in mask["full"] else ""
    change = mask["full"][f"auc{part}_minus_baseline"]
    auc = base["full"][f"auc{part}"]
    rows = ("test rows whose counter-image is visible (SNR above 3)" if part else
            "all test rows, too few of which have a visible counter-image")
    text = (f"Of simulated lenses: on {rows}, masking the core changes the AUC of a classifier of "
            f"full stamps by {shown(change)} from {shown(auc)}")
    if change["upper"] is None or _few_test_hosts(evidence):
        text += ": not decided, of too few hosts"
    elif change["upper"] < 0:
        text += ": a cost"
    elif auc["value"] > SATURATED_AUC:
        text += (": no room for a cost to be seen, the arcs being that bright; make them fainter "
                 "(`lensmill probe --arc-mag-offset`)")
    else:
        least = (NORMAL_95 + NORMAL_90) * change["standard_error"]
        text += (f": no cost is seen (one of {least:.4f} or more would have been, with a "
                 "probability of 90 %)")
    return Said(text + ". What it does on observed lenses needs observed lenses.",
                {"change": change, "auc": auc}, _probe_definition(evidence), PROBE)


def _probe_definition(evidence: Evidence) -> str:
    probe: Dict[str, Any] = evidence.findings.probe or {}
    fainter = probe.get("arc_mag_offset") or 0
    hosts = probe.get("test_hosts")
    return (f"AUC on {probe.get('test_rows')} test rows"
            + (f" of {hosts} hosts" if hosts is not None else "") + ", core r < "
            f"{probe.get('core_radius_pix'):g} pix, paired positives and negatives"
            + (f", arcs {fainter:g} mag fainter" if fainter else ""))


def _few_test_hosts(evidence: Evidence) -> bool:
    """So few that what is found is of these hosts, as `lensmill probe` warns."""
    hosts = (evidence.findings.probe or {}).get("test_hosts")
    return hosts is not None and hosts < FEW_HOSTS


def shortcut(evidence: Evidence) -> Said:
    base = evidence.variant("baseline")
    if base is None:
        return not_answerable(f"run `lensmill probe {evidence.place}`")
    core, ring = base["core"]["auc"], base["annulus"]["auc"]
    return Said(f"A classifier that sees the core alone has an AUC of {shown(core)} (0.5: it cannot "
                f"tell), one that sees the annulus alone {shown(ring)}.",
                {"core": core, "annulus": ring}, _probe_definition(evidence), PROBE)


def mitigation(evidence: Evidence) -> Said:
    if evidence.findings.probe is None:
        return not_answerable(f"run `lensmill probe {evidence.place}`")
    ranked = sorted((one for one in evidence.findings.probe["variants"] if one.get("rank")),
                    key=lambda one: int(one["rank"]))
    if not ranked:
        return not_answerable("no variant could be compared: the probe needs more rows")
    told, numbers = [], {}
    for one in ranked[:4]:
        core, change = one["core"]["auc"], one["annulus"]["auc_minus_baseline"]
        numbers[one["variant"]] = core
        mark = " (by construction)" if one["core"].get("by_construction") else ""
        if core["upper"] is None or core["lower"] is None or _few_test_hosts(evidence):
            met = "not decided"
        elif core["upper"] < TARGET_AUC:
            met = "meets the target"
        else:
            met = "misses it" if core["lower"] >= TARGET_AUC else "not decided"
        told.append(f"{one['variant']}: core AUC {shown(core)}{mark}, {met}, annulus less the "
                    f"baseline's {shown(change)}")
    return Said(f"Ranked by the core's AUC (target: below {TARGET_AUC}), the first of "
                f"{len(ranked)}: " + "; ".join(told) + ".", numbers, _probe_definition(evidence),
                PROBE)


def hypothesis(evidence: Evidence, name: str) -> Said:
    rules = evidence.findings.analysis.get("hypotheses", {}).get("rules", {}).get(name)
    rows = [row for row in evidence.table("hypotheses", "hypotheses")
            if row["hypothesis"] == name]
    whole = next((row for row in rows if row["theta_e_bin"] == "all"), None)
    if rules is None or whole is None:
        return not_answerable("the analysis does not decide it")
    if whole.get("decides") is None:
        return not_answerable(
            f"{name} was not tested: " + (
                f"run `lensmill analyse {evidence.place} --counterfactuals 300`"
                if name == "H3" else f"make a run of more {evidence.unit}"))
    decides = number(whole, "decides")
    by_bin: Dict[str, List[str]] = {}
    for row in rows:
        if row["theta_e_bin"] != "all":
            by_bin.setdefault(row["verdict"], []).append(row["theta_e_bin"])
    what = rules["effect_is"] if rules["decides_is"] == "the same" else rules["decides_is"]
    text = (f"{whole['verdict'].capitalize()} over all rows ({what}: "
            f"{shown(decides)}). By theta_E in arcsec: "
            + "; ".join(f"{verdict} at {', '.join(names)}" for verdict, names in by_bin.items())
            + ".")
    if rules.get("note"):
        text += f" {rules['note'][0].upper()}{rules['note'][1:]}."
    counterfactual = " --counterfactuals 300" if name == "H3" else ""
    return Said(text, {"decides": decides}, f"rule: {rules['rule']}",
                ANALYSE + counterfactual)


def model(evidence: Evidence) -> Said:
    predictor = evidence.findings.analysis.get("model", {}).get("predictor") or {}
    r2 = predictor.get("cross_validated_r_squared")
    if r2 is None:
        return not_answerable("no model was fitted: theta_E or the source must vary over more "
                              "rows")
    numbers: Dict[str, Any] = {"r_squared": {"value": r2, "lower": None, "upper": None}}
    text = (f"A polynomial of degree {predictor['degree']} predicts the core flux fraction with a "
            f"cross-validated R^2 of {r2:.3f} (rms error "
            f"{predictor['cross_validated_rmse']:.3f})")
    bins = [row for row in evidence.table("model", "predictor_by_theta_e")
            if row.get("r_squared") is not None]
    if bins:
        text += "; within bins of theta_E: " + ", ".join(
            f"{row['theta_e_bin']} {row['r_squared']:.2f}" for row in bins)
    ranked = sorted((row for row in evidence.table("model", "sensitivity")
                     if row.get("first_order") is not None),
                    key=lambda row: -float(row["first_order"]))[:3]
    if ranked:
        text += ". Share of its scatter that a parameter alone explains: " + ", ".join(
            f"{row['parameter']} {shown(number(row, 'first_order'))}" for row in ranked)
        numbers.update({row["parameter"]: number(row, "first_order") for row in ranked})
    return Said(text + ". Coefficients: analysis.json.", numbers, "polynomial by ridge regression, ten folds; first-order Sobol indices", ANALYSE)


def size_effect(evidence: Evidence) -> Said:
    row = next((one for one in evidence.table("model", "sensitivity")
                if one["parameter"] == "src_reff_arcsec"), None)
    steps = next((one for one in evidence.table("attribution", "attribution")
                  if (one["theta_e_bin"], one["account"], one["cause"])
                  == ("all", "steps", "source_extent")), None)
    if row is None or row.get("first_order") is None:
        return not_answerable("src_reff_arcsec does not vary in this run; configs/"
                              "experiment_a.yaml varies it alone")
    first = number(row, "first_order")
    text = (f"The half-light radius alone explains {shown(first)} of the scatter of the core flux "
            "fraction in this population")
    numbers = {"first_order": first}
    if steps and steps.get("contribution") is not None:
        numbers["extent"] = number(steps, "contribution")
        text += (f"; taking a point-like source for the extended one changes the core flux "
                 f"fraction before the PSF by {shown(numbers['extent'])} on the mean (extended "
                 "minus point-like)")
    return Said(text + ".", numbers, "first-order Sobol index; step from a "
                                                         "point-like to the extended source",
                ANALYSE)


def scan(evidence: Evidence, config: str, parameter: str) -> Said:
    rows = evidence.table("scan", "scan")
    if not rows:
        return not_answerable(f"`lensmill run configs/{config}.yaml`, then `lensmill analyse "
                              f"runs/{config}`: one parameter varies, {parameter}")
    values = [row for row in rows if row.get("core_flux_fraction") is not None
              and row.get(parameter) is not None]
    if len({row[parameter] for row in values}) < 2:
        return not_answerable(f"this grid does not vary {parameter} alone: use configs/"
                              f"{config}.yaml")
    free = [name for name in values[0] if name not in (
        parameter, "row", "core_flux_fraction", "counter_image_radius_pix")
        and len({row[name] for row in values}) > 1]
    if free:
        return not_answerable(f"this grid varies {', '.join(free)} as well: use configs/"
                              f"{config}.yaml")
    low, high = (sorted(values, key=lambda row: float(row[parameter]))[at] for at in (0, -1))
    return Said(f"From {parameter} = {low[parameter]:g} to {high[parameter]:g} the core flux "
                f"fraction goes from {low['core_flux_fraction']:.3f} to "
                f"{high['core_flux_fraction']:.3f}.", {}, "points of a grid",
                ANALYSE)


def operator(evidence: Evidence) -> Said:
    facts = evidence.run.provenance.facts
    failed = int(facts.get("psf_self_test_failed", -1))
    name = str(facts.get("convolve_operator", "?"))
    if failed < 0:
        return not_answerable("the run does not say; make it again with this version")
    state = "no PSF failed its self-test" if failed == 0 else f"{failed} PSFs failed their test"
    return Said(f"Of this run: {state} (sum, first moments and place of the core of every kernel; "
                f"up to 32 per band convolved with an impulse), the operator is {name}. Of data "
                "that exist, `lensmill audit` tells.",
                {}, "before the run", "lensmill psf-test CONFIG")


def provenance(evidence: Evidence) -> Said:
    facts = evidence.run.provenance.facts
    return Said(f"Of this run: lensmill {facts.get('software_version', '?')}, commit "
                f"{str(facts.get('git_commit', '?'))[:12]}, seed {facts.get('seed', '?')}, "
                f"config_hash {evidence.run.config_hash[:12]}; run.yaml is the configuration, all "
                "defaults filled in. Of the reference study's data no code version is known.",
                {}, "provenance", "lensmill info {run}")
