"""The reference study's questions, in its order, and what answers them."""

from dataclasses import dataclass
from typing import Callable, List, Optional

from lensmill.answers import data, physics
from lensmill.answers.evidence import Evidence, Said, not_answerable

LITERATURE = ("docs/literature.md lists what was read, and how far: of the finders whose code or "
              "draft was read, two shoot rays through the whole source, so that the counter-image "
              "is in; of the others it is not known.")


@dataclass(frozen=True)
class Question:
    part: str
    text: str
    answer: Callable[[Evidence], Said]


def _fixed(text: str, do: Optional[str] = None) -> Callable[[Evidence], Said]:
    """The same whatever the run."""
    if do is not None:
        why = do
        return lambda evidence: not_answerable(why)
    return lambda evidence: Said(text, definition="no measurement of a run")


CLAIM, CRITICAL = "The claim: the counter-image is the cause", "Critical questions"
UNKNOWN, PHASES = "What was not known", "Planned measurements"
HYPOTHESES, CRITERIA, OPEN = "Hypotheses", "Criteria of success", "Open questions"

QUESTIONS: List[Question] = [
    Question(CLAIM, "Is the light in the core the counter-image's?", physics.leading_cause),
    Question(CLAIM, "From which theta_E on is it?", physics.leader_change),
    Question(CLAIM, "Where are the counter-images, and how many are in the core (91.8 % at r < 5 "
             "pix, 70.7 % at r < 3 pix, median 2.1 pix)?", physics.inner_positions),
    Question(CLAIM, "And by theta_E?", physics.positions_by_theta_e),
    Question(CLAIM, "How much of the arc's light is in the core, by theta_E (39.5 % to 10.0 %)?",
             physics.core_flux),
    Question(CLAIM, "Is the outer annulus free of an offset?", data.annulus),
    Question(CLAIM, "Does the core's offset scale with the arc's flux (R^2 = 0.52)?",
             lambda e: data.offset_line(e, "arc_flux_nmgy", "nmgy")),
    Question(CLAIM, "Does it fall with theta_E?",
             lambda e: data.offset_line(e, "theta_e_arcsec", "arcsec")),
    Question(CLAIM, "Is the lensed image diffuse rather than a ring?", physics.profile),
    Question(CRITICAL, "1. How often is the counter-image visible above the noise and the "
             "galaxy's light?", data.visibility),
    Question(CRITICAL, "2. Do published lens simulators include counter-images?",
             _fixed(LITERATURE)),
    Question(CRITICAL, "3. Does masking the core in training hurt on lenses with visible "
             "counter-images?", data.masking),
    Question(CRITICAL, "Can a classifier cheat with the core?", data.shortcut),
    Question(UNKNOWN, "1. What is the distribution of the source's half-light radius?",
             lambda e: data.distribution(e, "src_reff_arcsec")),
    Question(UNKNOWN, "1. How does the core flux depend on it?", data.size_effect),
    Question(UNKNOWN, "1. Are real lensed sources so extended?", _fixed(
        "", "compare the run's src_reff_arcsec with published samples of lensed sources: no "
        "simulation tells")),
    Question(UNKNOWN, "1. What source profiles do published simulations use?",
             _fixed(LITERATURE)),
    Question(UNKNOWN, "2. Why is the leakage 7.7 % where 0.4 % was expected (theta_E >= 2\")?",
             physics.psf_expectation),
    Question(UNKNOWN, "3. What do published papers do about the core?", _fixed(
        "docs/literature.md: none of what was seen discusses the counter-image's light in the "
        "core as a shortcut; one (Ishida et al. 2024) subtracts the lens's light.")),
    Question(UNKNOWN, "4. Is the PSF convolution correct?", data.operator),
    Question(PHASES, "1.1 How are the parameters distributed?",
             lambda e: data.distribution(e, *data.DISTRIBUTIONS)),
    Question(PHASES, "1.2 A: core flux against the source's half-light radius, all else fixed",
             lambda e: data.scan(e, "experiment_a", "src_reff_arcsec")),
    Question(PHASES, "1.2 B: core flux against the source's offset, all else fixed",
             lambda e: data.scan(e, "experiment_b", "src_x_arcsec")),
    Question(PHASES, "1.2 C: core flux against theta_E, all else fixed",
             lambda e: data.scan(e, "experiment_c", "theta_e_arcsec")),
    Question(PHASES, "2. Were the existing training data made with the PSF misplaced?", _fixed(
        "", "`lensmill audit FILE MAPPING` on these data (docs/audit.md): a run of lensmill says "
        "nothing about them")),
    Question(PHASES, "3. Is paired training standard, and is the core masked?",
             _fixed(LITERATURE)),
    Question(HYPOTHESES, "H1: the source's extent fills the core",
             lambda e: data.hypothesis(e, "H1")),
    Question(HYPOTHESES, "H2: a source inside the caustic puts its counter-image there",
             lambda e: data.hypothesis(e, "H2")),
    Question(HYPOTHESES, "H3: a wrong PSF convolution fills the core",
             lambda e: data.hypothesis(e, "H3")),
    Question(HYPOTHESES, "H4: it is lensed light that belongs there",
             lambda e: data.hypothesis(e, "H4")),
    Question(CRITERIA, "1. The dominant cause with more than 90 % confidence",
             physics.dominant_cause),
    Question(CRITERIA, "2. How published papers handle this", _fixed(LITERATURE)),
    Question(CRITERIA, "3. A quantitative model of the core flux", data.model),
    Question(CRITERIA, "4. A fix validated on synthetic data", data.mitigation),
    Question(OPEN, "1. Which version of the code made the training data?", data.provenance),
    Question(OPEN, "2. Is there a file with the injection parameters?", data.provenance),
    Question(OPEN, "3. Do HST images of known lenses show core flux?", _fixed(
        "", "compare with observed lenses: no simulation tells; `lensmill noise-model` and real "
        "hosts make simulated stamps comparable")),
    Question(OPEN, "4. Should training pause until this is resolved?", _fixed(
        "", "it is a decision, not a measurement; critical question 3 and criterion 4 are what it "
        "rests on")),
]
