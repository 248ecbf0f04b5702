"""The reference profile: what photographs, grades and errors look like when all is well."""

from pathlib import Path

from PIL import Image

from exporter import (
    AbsoluteRegressionError,
    ActualComponent,
    AvgIntensity,
    ClassificationErrorType,
    DataType,
    DN2AnomalyScorer,
    ElementExtractor,
    EvalComponent,
    InputComponent,
    MeanScore,
    ModelProfile,
    OutputComponent,
    PrecisionScore,
    RecallScore,
    Sharpness,
)


def build(images: list[Image.Image], preds: list[list[int]], targets: list[list[int]]) -> tuple[ModelProfile, Path]:
    """Return the profile of photographs that the model was not trained on, as its file holds it, and its page."""
    profile = ModelProfile(
        name="retinopathy",
        version="3.0.0",
        components=[
            InputComponent(name="sharpness", extractor=Sharpness(), dtype=DataType.FLOAT),
            InputComponent(name="intensity", extractor=AvgIntensity(), dtype=DataType.FLOAT),
            InputComponent(name="outlierscore", extractor=DN2AnomalyScorer(k=20), dtype=DataType.FLOAT),
            OutputComponent("model_prediction", extractor=ElementExtractor(0), dtype=DataType.INT),
            ActualComponent("model_actual", extractor=ElementExtractor(0), dtype=DataType.INT),
            EvalComponent("regression_error", extractor=AbsoluteRegressionError(), dtype=DataType.FLOAT),
            EvalComponent("classification_error", extractor=ClassificationErrorType(positive=0), dtype=DataType.CAT),
        ],
        scores=[
            MeanScore(name="mean_absolute_error", inputs=["regression_error"], preference="low"),
            PrecisionScore(name="precision", inputs=["classification_error"]),
            RecallScore(name="recall", inputs=["classification_error"]),
        ],
    )
    profile.build(input=images, output=preds, actual=targets, silent=False)
    page = profile.view()
    profile.save(".")
    return ModelProfile.load("retinopathy@3.0.0.json"), page
