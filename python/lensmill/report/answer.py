"""The answer that a report begins with, put together from analysis.json: who leaks, from
which theta_E on, how much, how sure."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from lensmill.findings import Findings

CAUSES = {"counter_image": "counter-image", "outer_image": "outer image",
          "central_image": "central image", "psf_transport": "light that the PSF moves"}


@dataclass
class Line:
    """Of one bin of theta_E."""

    theta_e: str
    rows: int
    core: str
    who: str
    how_much: str
    how_sure: str
    leads: bool = False  # beyond doubt, by the reported way of counting


@dataclass
class Answer:
    headline: str
    sentences: List[str]
    lines: List[Line]
    verdicts: List[Dict[str, Any]] = field(default_factory=list)


def interval(row: Dict[str, Any], name: str, value: Optional[str] = None,
             digits: int = 3) -> str:
    """`0.320 [0.313, 0.328]`; a dash where it is not defined."""
    middle, lower, upper = (row.get(key) for key in (
        value or name, f"{name}_lower", f"{name}_upper"))
    if middle is None:
        return "–"
    if lower is None or upper is None:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} [{lower:.{digits}f}, {upper:.{digits}f}]"


def answer_of(findings: Findings) -> Answer:
    rows = findings.analysis["rows"]
    percent = f"{100 * rows['confidence']:.0f} %"
    core = {row["theta_e_bin"]: row for row in findings.table("core_flux", "core_flux")}
    lines = [_line(findings, name, row) for name, row in core.items() if row["n"]]
    everything = core.get("all", {})
    if lines and len({one.who for one in lines if one.theta_e != "all" and one.leads}) > 1:
        for line in lines:
            if line.theta_e == "all":
                line.who, line.how_much = "no single one", "–"
                line.how_sure = "it depends on θ_E: see the lines above"
    share = everything.get("mean")
    headline = "No core flux fraction is defined in this run."
    if share is not None:
        headline = (f"{100 * share:.1f} % of the arc's light is in the core "
                    f"({findings.aperture}){_whose(findings, lines)}.")
    sentences = []
    if share is not None:
        sentences.append("Mean over all rows: core flux fraction "
                         f"{interval(everything, 'mean')}, {percent} "
                         f"interval, {everything['n']:,} rows"
                         + (f"; what is resampled are {rows['bootstrap_unit']}s."
                            if rows.get("bootstrap_unit") else "."))
    sentences += _changes(findings) or _same_everywhere(lines)
    split = {(row["theta_e_bin"], row["account"], row["cause"]): row
             for row in findings.table("attribution", "attribution")}
    psf = split.get(("all", "split", "psf_transport"))
    if psf and psf.get("contribution") is not None:
        way = "out of" if psf["contribution"] < 0 else "into"
        sentences.append(f"Over all rows the PSF moves {abs(psf['contribution']):.3f} of the "
                         f"arc's light {way} the core, net.")
    baseline = next((one for one in (findings.probe or {}).get("variants", [])
                     if one["variant"] == "baseline" and one["applies"]), None)
    if baseline:
        sentences.append("A classifier that sees the core alone tells positives from "
                         f"negatives with an AUC of {_auc(baseline['core']['auc'])}.")
    sentences += [f"{name} ({rules['statement']}): {_verdict(findings, name)}."
                  for name, rules in findings.analysis.get("hypotheses", {}).get(
                      "rules", {}).items() if _verdict(findings, name)]
    return Answer(headline, sentences, lines)


def _whose(findings: Findings, lines: List[Line]) -> str:
    """The headline's second half: before the PSF."""
    changes = [row for row in findings.table("attribution", "leader_change")
               if row["ranking"] == "split" and row.get("theta_e") is not None]
    if len(changes) == 1:
        one = changes[0]
        return (f": from θ_E = {one['theta_e']:.2f}″ on mostly the {one['above']}'s, below "
                f"mostly the {one['below']}'s")
    bins = [line for line in lines if line.theta_e != "all"]
    who = {line.who for line in bins}
    if len(who) == 1 and all(line.leads for line in bins) and not changes:
        return f": mostly of the {who.pop()}"
    return ""


def _auc(auc: Dict[str, Any]) -> str:
    return f"{auc['value']:.3f} [{auc['lower']:.3f}, {auc['upper']:.3f}]"


def _verdict(findings: Findings, name: str) -> str:
    row = next((one for one in findings.table("hypotheses", "hypotheses")
                if one["hypothesis"] == name and one["theta_e_bin"] == "all"), None)
    if row is None:
        return ""
    if row.get("decides") is None:
        return ("not tested (lensmill analyse --counterfactuals 300)" if name == "H3"
                else "not tested")
    return str(row["verdict"])


def _changes(findings: Findings) -> List[str]:
    told = []
    named = {"split": "before the PSF", "net_kind": "after it"}
    for row in findings.table("attribution", "leader_change"):
        if row.get("theta_e") is not None:
            told.append(
                f"From θ_E = {interval(row, 'theta_e', digits=2)} arcsec on, the "
                f"{row['above']} gives the larger part of the core; below, the "
                f"{row['below']} ({named.get(row['ranking'], row['ranking'])}).")
        elif (row.get("found") == "one" and row.get("theta_e_lower") is not None
              and row.get("theta_e_upper") is not None):
            told.append(
                f"Up to θ_E = {row['theta_e_lower']:.4g} arcsec the {row['below']} gives the "
                f"larger part of the core, from {row['theta_e_upper']:.4g} arcsec on the "
                f"{row['above']} ({named.get(row['ranking'], row['ranking'])}).")
    return told


def _same_everywhere(lines: List[Line]) -> List[str]:
    bins = [line for line in lines if line.theta_e != "all"]
    who = {line.who for line in bins}
    if len(who) == 1 and all(line.leads for line in bins):
        return [f"At each Einstein radius of the table the largest part is that of: "
                f"{who.pop()}."]
    return []


def _line(findings: Findings, name: str, core: Dict[str, Any]) -> Line:
    rows = findings.analysis["rows"]
    ways = [row for row in findings.table("attribution", "robustness")
            if row["theta_e_bin"] == name and row.get("leader")]
    main = next((row for row in ways if row["account"] == "split"
                 and row["band"] == rows["band"] and row["weighting"] == "rows"
                 and row["radius"] == rows["aperture_radius_pix"]), None)
    line = Line(name, core["n"], interval(core, "mean"), "–", "–", "–")
    if main is None:
        return line
    line.leads = main["dominance"] == "leads"
    line.who = CAUSES.get(main["leader"], str(main["leader"]).replace("_", " "))
    part = next((row for row in findings.table("attribution", "attribution")
                 if (row["theta_e_bin"], row["account"], row["cause"])
                 == (name, "split", main["leader"])), None)
    if part:
        line.how_much = interval(part, "contribution")
    same = sum(row["leader"] == main["leader"] and row["dominance"] == "leads"
               for row in ways)
    line.how_sure = (f"{main['dominance']}; it leads in {same} of {len(ways)} ways of "
                     "counting")
    return line
