"""Add up what `lensmill recover` found in several fields: completeness over all of them."""

import argparse
import json
import pathlib
from statistics import NormalDist
from typing import Any, Dict, List, Tuple

from lensmill.errors import InputError
from lensmill.writing import whole_file

FORMAT, OF_FIELDS = "lensmill recover 1", "lensmill recoveries 1"
LEAST_FOR_VALUE = 3  # trials: as `lensmill recover` has it
# What must be the same for counts to mean the same.
COMMON = ("radius_arcsec", "confidence", "interval", "bands", "ambiguity")


def share(part: int, of: int, confidence: float) -> Dict[str, Any]:
    """`part` of `of` with Wilson's interval (1927, J. Am. Stat. Assoc. 22, 209)."""
    if of == 0:
        return {"part": 0, "of": 0, "value": None, "lower": None, "upper": None}
    z2 = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2
    p = part / of
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = (z2 * (p * (1 - p) / of + z2 / (4 * of * of))) ** 0.5 / (1 + z2 / of)
    return {"part": part, "of": of, "value": p if of >= LEAST_FOR_VALUE else None,
            "lower": max(0.0, middle - half) if part else 0.0,
            "upper": min(1.0, middle + half) if part < of else 1.0}


def read_recovery(folder: pathlib.Path) -> Dict[str, Any]:
    """recovery.json of a field's folder or of its folder `recovery`."""
    path = next((place for place in (folder / "recovery.json",
                                     folder / "recovery" / "recovery.json", folder)
                 if place.is_file()), None)
    if path is None:
        raise InputError(f"{folder}: no recovery.json; run `lensmill recover` first")
    try:
        report = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(f"{path}: no JSON ({error})") from error
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        raise InputError(f"{path}: is no report of `lensmill recover` (format "
                         f"{report.get('format') if isinstance(report, dict) else None!r}, "
                         f"expected {FORMAT!r})")
    report["path"] = str(path)
    return report


def _check(reports: List[Dict[str, Any]]) -> None:
    first = reports[0]
    truths: Dict[str, int] = {}
    for number, report in enumerate(reports):
        for key in COMMON:
            if report[key] != first[key]:
                raise InputError(f"{report['path']}: {key} is {report[key]}, but "
                                 f"{first[key]} in {first['path']}; run `lensmill recover` "
                                 "with the same options on each field")
        for file in report["inputs"]["truth"]:
            other = truths.setdefault(file["sha256"], number)
            if other != number:
                raise InputError(f"{report['path']}: its truth ({file['path']}) is that of "
                                 f"{reports[other]['path']}, too; give each field once")


def _limits(table: Dict[str, Any]) -> List[Tuple[float, float]]:
    return [(entry["lower"], entry["upper"]) for entry in table["bins"]]


def _add_shares(shares: List[Any], confidence: float) -> Any:
    if any(one == "not tested" for one in shares):
        return "not tested"
    return share(sum(one["part"] for one in shares), sum(one["of"] for one in shares),
                 confidence)


def _add_bins(bins: List[Dict[str, Any]], confidence: float) -> Dict[str, Any]:
    return {"lower": bins[0]["lower"], "upper": bins[0]["upper"],
            "completeness": _add_shares([entry["completeness"] for entry in bins], confidence),
            "by_chance": _add_shares([entry["by_chance"] for entry in bins], confidence)}


def _add_tables(column: str, tables: List[Dict[str, Any]], paths: List[str],
                confidence: float) -> Dict[str, Any]:
    for table, path in zip(tables, paths):
        if _limits(table) != _limits(tables[0]) or table["unit"] != tables[0]["unit"]:
            raise InputError(f"{path}: {column} has other bins (or another unit) than in "
                             f"{paths[0]}; run `lensmill recover` with the same --bins")
    return {"column": column, "unit": tables[0]["unit"],
            "bins": [_add_bins(list(bins), confidence)
                     for bins in zip(*(table["bins"] for table in tables))],
            "outside": _add_bins([table["outside"] for table in tables], confidence),
            "undefined": _add_bins([table["undefined"] for table in tables], confidence)}


def add_recoveries(folders: List[pathlib.Path]) -> Dict[str, Any]:
    """One report over all fields: counts added up, intervals of the sums.

    Columns that not every field has are left out and named (`not_in_all`). Raises
    InputError where the reports cannot be added: another radius, other bins or bands, the
    same field twice.
    """
    reports = [read_recovery(pathlib.Path(folder)) for folder in folders]
    _check(reports)
    first, paths = reports[0], [report["path"] for report in reports]
    confidence = first["confidence"]
    by_column = [{table["column"]: table for table in report["completeness"]}
                 for report in reports]
    columns = [name for name in by_column[0] if all(name in tables for tables in by_column)]
    rows: Dict[str, Any] = {
        key: sum(report["injections"][key] for report in reports)
        for key in ("all", "counted", "rings", "shared", "several_detections", "ties")}
    for key in ("recovered", "by_chance", "ambiguous_matches"):
        rows[key] = _add_shares([report["injections"][key] for report in reports], confidence)
    left_out: Dict[str, int] = {}
    for report in reports:
        for why, count in report["injections"]["left_out"].items():
            left_out[why] = left_out.get(why, 0) + count
    rows["left_out"] = left_out
    return {
        "format": OF_FIELDS, "fields": len(reports), "paths": paths,
        **{key: first[key] for key in COMMON}, "injections": rows,
        "completeness": [_add_tables(name, [tables[name] for tables in by_column], paths,
                                     confidence) for name in columns],
        "not_in_all": sorted({name for tables in by_column for name in tables}
                             - set(columns)),
        "fits": {}, "purity": "not measured"}


def as_csv(report: Dict[str, Any]) -> str:
    """The columns of completeness.csv of `lensmill recover`."""
    def numbers(one: Any) -> str:
        if one == "not tested":
            return ",,,"
        return ",".join("" if one[key] is None else str(one[key])
                        for key in ("part", "value", "lower", "upper"))

    lines = ["column,lower,upper,counted,recovered,completeness,completeness_lower,"
             "completeness_upper,by_chance,by_chance_share,by_chance_lower,by_chance_upper"]
    for table in report["completeness"]:
        entries = [(f"{entry['lower']},{entry['upper']}", entry) for entry in table["bins"]]
        entries += [(f"{name},{name}", table[name]) for name in ("outside", "undefined")]
        lines += [f"{table['column']},{limits},{entry['completeness']['of']},"
                  f"{numbers(entry['completeness'])},{numbers(entry['by_chance'])}"
                  for limits, entry in entries]
    return "\n".join(lines) + "\n"


def as_text(report: Dict[str, Any]) -> str:
    def shown(one: Any) -> str:
        if one == "not tested":
            return "not tested"
        if not one["of"]:
            return ""
        value = "     " if one["value"] is None else f"{one['value']:.3f}"
        return f"{value} [{one['lower']:.3f}, {one['upper']:.3f}]"

    rows = report["injections"]
    lines = [f"{report['fields']} fields, {rows['all']} injections, {rows['counted']} counted, "
             f"{rows['recovered']['part']} recovered within {report['radius_arcsec']:g} arcsec: "
             + shown(rows["recovered"]),
             "by chance (fields without arcs): " + shown(rows["by_chance"]),
             f"Intervals: {100 * report['confidence']:.0f} % (Wilson), of independent injections."]
    for table in report["completeness"]:
        lines += ["", f"{table['column']:<25} counted  recovered   completeness"
                      "           by chance"]
        for entry in table["bins"]:
            counts = entry["completeness"]
            if counts["of"]:
                bracket = f"[{entry['lower']:g}, {entry['upper']:g})"
                lines.append(f"{bracket:<25} {counts['of']:>7} {counts['part']:>10}   "
                             f"{shown(counts):<22} {shown(entry['by_chance'])}")
    if report["not_in_all"]:
        lines += ["", "Not in every field, left out: " + ", ".join(report["not_in_all"])]
    return "\n".join(lines)


def add_command(commands: Any) -> None:
    parser = commands.add_parser("add-recoveries", description=__doc__,
                                 help="completeness over several fields")
    parser.add_argument("fields", metavar="FIELD", nargs="+", type=pathlib.Path,
                        help="folder of a field in which `lensmill recover` has been")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True,
                        help="folder for recovery.json and completeness.csv")
    parser.add_argument("--overwrite", action="store_true", help="replace them there")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    report = add_recoveries(options.fields)
    options.output.mkdir(parents=True, exist_ok=True)
    files: Dict[str, str] = {"recovery.json": json.dumps(report, indent=2) + "\n",
                             "completeness.csv": as_csv(report)}
    for name, text in files.items():
        with whole_file(options.output / name, options.overwrite) as partial:
            partial.write_text(text)
    print(as_text(report))
