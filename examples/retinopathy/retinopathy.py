"""Trains, serves and watches a model that grades retinas, while one of four machines goes out of focus."""

import os
import shutil
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import reference
from deployments import Feedback, Prediction
from images import GRADES, retina
from model import Grader
from PIL import Image
from slices import Served, Slice, ranked, served

from exporter import ModelProfile
from exporter.client import PredictionLog

TRAINING, REFERENCE, A_WEEK = 1000, 600, 100  # photographs; of a week those of one machine
MACHINES, EYES, WEEKS = ("1", "2", "3", "4"), ("left", "right"), ("1", "2")
OUT_OF_FOCUS, BLUR = {"machine": "3", "week": "2"}, 2.0
LOG = Path("logs/predictions.jsonl")
SCORE = "mean_absolute_error"
SECONDS = 60  # to wait for the log's background work: it judges every photograph by the profile


def main() -> None:
    """Work in the directory `run`, which is made anew, and say what was found."""
    shutil.rmtree("run", ignore_errors=True)
    Path("run").mkdir()
    os.chdir("run")
    random = np.random.default_rng(7)
    grader = Grader().fit(*photographs(TRAINING, random))
    images, grades = photographs(REFERENCE, random)
    profile, page = reference.build(images, [[grader.predict(image)] for image in images], [[g] for g in grades])
    say("The reference profile", f"{Path('retinopathy@3.0.0.json').resolve()}\n{page}")
    serve(grader, profile, random)
    predictions = served(LOG.parent)
    say("Accuracy of each machine", accuracies(predictions))
    second = [one for one in predictions if one.tags["week"] == "2"]
    slices = ranked(profile, second, ("machine", "eye"), SCORE)
    say(f"Slices of week 2, by how far their {SCORE} is above the reference's", ranking(slices))
    explain(profile, slices)
    one = slices[0].served[0]
    say(f"One of its photographs, {one.image}", judged(profile, one))


def photographs(number: int, random: np.random.Generator) -> tuple[list[Image.Image], list[int]]:
    """Return sharp photographs of both eyes, of each grade as many, and their grades."""
    grades = [int(grade) for grade in random.permutation(number) % GRADES]
    return [retina(grade, str(random.choice(EYES)), random) for grade in grades], grades


def serve(grader: Grader, profile: ModelProfile, random: np.random.Generator) -> None:
    """Let two weeks pass: the photographs first, and the doctors' grades when all are taken.

    A week is a moment here, so it is a tag; elsewhere it is the records' time that tells.
    """
    truth: dict[str, int] = {}
    with PredictionLog(LOG, model=profile.name, version=profile.version, profile=profile) as log:
        prediction = Prediction(grader, log)
        for week, machine in product(WEEKS, MACHINES):
            truth |= work(prediction, {"week": week, "machine": machine}, random)
        log.flush(SECONDS)
    with PredictionLog(LOG, model=profile.name, version=profile.version, profile=profile) as log:
        feedback = Feedback(log)
        for request_id, grade in truth.items():
            feedback.diagnosed(request_id, grade)
        log.flush(SECONDS)


def work(prediction: Prediction, tags: dict[str, str], random: np.random.Generator) -> dict[str, int]:
    """Take a machine's photographs of a week, of each grade as many, and have them graded; return the true grades."""
    blur = BLUR if tags == OUT_OF_FOCUS else 0.0
    truth = {}
    for number, grade in enumerate(random.permutation(A_WEEK) % GRADES):
        request_id, eye = f"{tags['week']}-{tags['machine']}-{number}", str(random.choice(EYES))
        prediction.predict(request_id, retina(grade, eye, random, blur), tags | {"eye": eye})
        truth[request_id] = int(grade)
    return truth


def accuracies(predictions: Sequence[Served]) -> str:
    """Return the share of right grades by machine and week, as a table."""
    lines = ["           " + "".join(f"  week {week}" for week in WEEKS)]
    for machine in MACHINES:
        parts = [[p.right for p in predictions if (p.tags["machine"], p.tags["week"]) == (machine, w)] for w in WEEKS]
        lines.append(f"  machine {machine}" + "".join(f"{np.mean(part):8.2f}" for part in parts))
    return "\n".join(lines)


def ranking(slices: Sequence[Slice]) -> str:
    """Return slices as a list, one a line."""
    rises = [round(one.rise, 2) + 0.0 for one in slices]  # what is added turns -0.0 into 0.0
    return "\n".join(
        f"{place}. {one.name}: by {rise:+.2f} grades"
        for place, (one, rise) in enumerate(zip(slices, rises, strict=True), 1)
    )


def explain(profile: ModelProfile, slices: Sequence[Slice]) -> None:
    """Say what is wrong with the worst slice, and write the page of its contrast."""
    worst, best = slices[0], slices[-1]
    other, a, b = worst.profile, best.profile, worst.profile
    report = profile.contrast(other)
    say(f"What is wrong with {worst.name}", str(report))
    (intensity,) = (c for c in report.contrast.components if c.reference.name == "intensity")
    before, now = (c.reference.moments.mean for c in (intensity.reference, intensity.observed))
    change = f"{before:.1f} grey levels in the reference, {now:.1f} now ({now / before - 1:+.1%})"
    say("What is not wrong", f"intensity: {change}")
    between = profile.contrast_alternatives(a, b)
    say(f"{worst.name} beside {best.name}", between.issues()[0].text)
    say("The page of the contrast", str(report.view("contrast.html").resolve()))


def judged(profile: ModelProfile, one: Served) -> str:
    """Return what the model server knows of a photograph, at once and when its grade is known."""
    tags = profile.validate_input(one.image.read_bytes())
    tags += profile.validate_output(one.output) + profile.validate_actual(actual=one.actual)
    return "\n".join(f"{tag['name']}: {tag['value']}" for tag in tags)


def say(title: str, text: str) -> None:
    """Print a paragraph."""
    sys.stdout.write(f"\n{title}\n\n{text}\n")


if __name__ == "__main__":
    main()
