"""The two deployments that write the prediction log: one predicts, the other brings what doctors found."""

from model import Grader
from PIL import Image

from exporter.client import PredictionLog


class Prediction:
    """Grades photographs as they come."""

    def __init__(self, grader: Grader, log: PredictionLog) -> None:
        self._grader = grader
        self._log = log

    def predict(self, request_id: str, image: Image.Image, tags: dict[str, str]) -> int:
        """Return the grade of a photograph; the photograph, the grade and the time it took are logged."""
        with self._log.trace(request_id, input=image, tags=tags) as trace:
            grade = self._grader.predict(image)
            trace.output = [grade]
        return grade


class Feedback:
    """Takes down the grades that doctors give, days later: it shares nothing with the other but ids."""

    def __init__(self, log: PredictionLog) -> None:
        self._log = log

    def diagnosed(self, request_id: str, grade: int) -> None:
        """Log what turned out to be true of a photograph."""
        self._log.actual(request_id, actual=[grade])
