"""What an answer may be taken from: the findings of one run, and how its numbers are said."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from lensmill.add_recoveries import share
from lensmill.findings import Findings
from lensmill.run import Run

CAUSES = {"counter_image": "counter-image", "outer_image": "outer image",
          "central_image": "central image", "psf_transport": "light that the PSF moves"}
# Fewer rows give no number; `lensmill analyse` decides nothing below as many.
LEAST_ROWS = 20


@dataclass
class Said:
    """An answer from one run. Without `sentence` it is not answerable; `do` says what would
    make it so."""

    sentence: str = ""
    numbers: Dict[str, Dict[str, Optional[float]]] = field(default_factory=dict)
    definition: str = ""
    command: str = ""
    do: str = ""


def not_answerable(do: str) -> Said:
    return Said(do=do)


def number(row: Dict[str, Any], name: str, value: Optional[str] = None
           ) -> Dict[str, Optional[float]]:
    return {"value": row.get(value or name), "lower": row.get(f"{name}_lower"),
            "upper": row.get(f"{name}_upper")}


def shown(one: Dict[str, Optional[float]], digits: int = 3, percent: bool = False) -> str:
    """`0.320 [0.313, 0.328]`, or in per cent."""
    value, lower, upper = one["value"], one["lower"], one["upper"]
    if value is None:
        return "undefined"
    scale, end = (100.0, " %") if percent else (1.0, "")
    text = f"{scale * value:.{digits}f}"
    if lower is not None and upper is not None:
        text += f" [{scale * lower:.{digits}f}, {scale * upper:.{digits}f}]"
    return text + end


def of_statistic(row: Dict[str, Any]) -> Dict[str, Optional[float]]:
    """A row of the table `inner_images`: shares with Wilson's interval, medians without one
    (their standard error is in the table)."""
    value, n = row.get("value"), int(row.get("n") or 0)
    if value is None or row.get("unit") == "pix" or row["statistic"].endswith("_median"):
        return {"value": value, "lower": None, "upper": None}
    one = share(round(value * n), n, 0.9)
    return {"value": value, "lower": one["lower"], "upper": one["upper"]}


class Evidence:
    """One run: its findings, and what every definition has in common."""

    def __init__(self, run: Run, findings: Findings, label: str) -> None:
        self.run, self.findings, self.label = run, findings, label
        self.rows: Dict[str, Any] = findings.analysis["rows"]
        self.percent = f"{100 * self.rows['confidence']:.0f} %"

    @property
    def place(self) -> str:
        return str(self.run.path)

    @property
    def catalogue(self) -> str:
        """Its kind."""
        section = self.run.provenance.config.get("catalogue")
        return str(next(iter(section), "?")) if isinstance(section, dict) else "?"

    @property
    def psf(self) -> str:
        """The reported band's PSF section, in words."""
        section = self.run.provenance.config.get("psf", {})
        band = section.get(self.rows["band"]) if isinstance(section, dict) else None
        return str(band.get("kind", "?")) if isinstance(band, dict) else "?"

    @property
    def definition(self) -> str:
        """What all of the run's answers have in common."""
        return (f"{self.rows['rows_analysed']:,} rows ({self.catalogue}), core: r < "
                f"{self.rows['aperture_radius_pix']:g} pix about the lens "
                f"({self.rows['aperture']}), band {self.rows['band']}, PSF {self.psf}, "
                f"{self.percent} intervals that resample {self.unit} unless "
                f"something else is said; bins of "
                "theta_E are in arcsec")

    @property
    def unit(self) -> str:
        """What is resampled."""
        return "hosts" if "host" in str(self.rows["bootstrap_unit"]) else "rows"

    def table(self, section: str, name: str) -> List[Dict[str, Any]]:
        return self.findings.table(section, name)

    def of_bin(self, section: str, name: str, bin_name: str = "all"
               ) -> Optional[Dict[str, Any]]:
        return next((row for row in self.table(section, name)
                     if row.get("theta_e_bin") == bin_name), None)

    def bins(self) -> List[str]:
        return [row["theta_e_bin"] for row in self.table("core_flux", "core_flux")
                if row["theta_e_bin"] != "all" and row["n"] >= LEAST_ROWS]

    def main_leaders(self) -> Dict[str, Dict[str, Any]]:
        """By bin, the reported way of counting's row of the table `robustness`."""
        return {row["theta_e_bin"]: row for row in self.table("attribution", "robustness")
                if (row["account"], row["band"], row["radius"], row["weighting"])
                == ("split", self.rows["band"], self.rows["aperture_radius_pix"], "rows")}

    def ways_led(self, bin_name: str, leader: str) -> str:
        ways = [row for row in self.table("attribution", "robustness")
                if row["theta_e_bin"] == bin_name and row.get("leader")]
        same = sum(row["leader"] == leader and row["dominance"] == "leads" for row in ways)
        return f"in {same} of {len(ways)} ways of counting"

    def variant(self, name: str) -> Optional[Dict[str, Any]]:
        """Of the probe, if it was made and the variant applies."""
        return next((one for one in (self.findings.probe or {}).get("variants", [])
                     if one["variant"] == name and one["applies"]), None)
