"""Profiles in Python: the examples that have been published, every form of data, files, and what is refused."""

import copy
import doctest
import io
import json
import pickle
import re
import subprocess
import sys
import tempfile
import webbrowser
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pictures import pictures
from PIL import ImageFilter
from scipy import stats
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import exporter
from exporter import (
    AbsolutePercentageError,
    AbsoluteRegressionError,
    AccuracyScore,
    ActualComponent,
    AvgIntensity,
    Brier,
    ClassificationErrorType,
    ClassificationMarginExtractor,
    Correct,
    DataType,
    DN2AnomalyScorer,
    ElementExtractor,
    EvalComponent,
    F1Score,
    FixedSubpatchSimilarity,
    InputComponent,
    KMeansOutlierScorer,
    KNNOutlierScorer,
    LogLoss,
    MahalanobisOutlierScorer,
    MaxScoreElementExtractor,
    MeanScore,
    ModelProfile,
    OutputComponent,
    PrecisionScore,
    ProfileError,
    RecallScore,
    RegressionError,
    RMSEScore,
    SequenceSimpleExtractor,
    Sharpness,
    SquaredRegressionError,
    TextLength,
    YoloConfidenceExtractor,
    filter_errors,
    flatten_jcr,
    generate_components,
)
from exporter.api.progress import Progress
from exporter.config import load_spec
from exporter.profile import dump
from exporter.profile import load as load_profile


def retinopathy():
    return ModelProfile(
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


@pytest.fixture(scope="module")
def vision():
    """Pictures with predictions and actuals, and the profile of them."""
    shown, output, actual = pictures(240, seed=0)
    profile = retinopathy()
    profile.build(input=shown, output=output, actual=actual, silent=False)
    return profile, shown, output, actual


def part(profile, name, role=None):
    found = [c for c in profile.profile.components if c.name == name and role in (None, c.role)]
    assert len(found) == 1
    return found[0]


# -- the published examples


def test_the_profile_of_a_vision_model_is_built_saved_loaded_and_judges_pictures(vision, tmp_path, monkeypatch):
    profile, shown, output, actual = vision
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert profile.view().read_text().startswith("<!DOCTYPE html>")
    assert profile.save(".") == Path("retinopathy@3.0.0.json")
    loaded = ModelProfile.load("retinopathy@3.0.0.json")
    assert dump(loaded.profile) == dump(profile.profile) == Path("retinopathy@3.0.0.json").read_bytes()
    blurred = shown[3].filter(ImageFilter.GaussianBlur(5))
    for either in (profile, loaded):
        tags = either.validate_input(shown[3])
        assert [(tag["type"], tag["name"]) for tag in tags] == [
            ("profile-input", name) for name in ("sharpness", "intensity", "outlierscore")
        ]
        assert {tag["group"] for tag in tags} == {"retinopathy@3.0.0"}
        assert tags[0]["value"] == Sharpness().extract(shown[3])
        assert either.validate_output([2]) == [
            {"type": "profile-output", "name": "model_prediction", "value": 2, "group": "retinopathy@3.0.0"}
        ]
        assert flatten_jcr(either.validate_actual(actual=[9])) == {"model_actual": 9, "model_actual-error": "above"}
        assert flatten_jcr(either.validate_eval(output=[3], actual=[0])) == {
            "regression_error": 3.0,
            "classification_error": "FN",
        }
        errors = filter_errors(either.validate_input(blurred))
        assert [(tag["name"], tag["value"]) for tag in errors] == [
            ("sharpness-error", "below"),
            ("outlierscore-error", "above"),
        ]
        together = either.validate_all(input=blurred, output=output[0], actual=actual[0])
        assert [tag["type"].removesuffix("-error") for tag in together] == [
            *["profile-input"] * 5,
            *["profile-output", "profile-actual", "profile-eval", "profile-eval"],
        ]
        assert filter_errors(together) == errors


def test_the_scores_of_a_vision_model_are_those_of_its_predictions(vision):
    profile, _, output, actual = vision
    out, act = np.array(output)[:, 0], np.array(actual)[:, 0]
    scores = {score.spec.name: score.reference for score in profile.profile.scores}
    assert scores["mean_absolute_error"] == pytest.approx(np.abs(out - act).mean())
    assert scores["precision"] == pytest.approx((act[out == 0] == 0).mean())
    assert scores["recall"] == pytest.approx((out[act == 0] == 0).mean())


def test_an_extractor_that_learns_is_fitted_to_one_half_and_profiled_on_the_other(vision):
    profile, shown, output, actual = vision
    assert part(profile, "outlierscore").reference.presence.rows == len(shown) // 2
    assert part(profile, "sharpness").reference.presence.rows == len(shown)
    again, other = retinopathy(), retinopathy()
    again.build(input=shown, output=output, actual=actual)
    other.build(input=shown, output=output, actual=actual, seed=1)
    assert part(again, "outlierscore").spec == part(profile, "outlierscore").spec
    assert part(other, "outlierscore").spec != part(profile, "outlierscore").spec


def houses(number, seed, dear=0.0):
    """Return a table of houses with missing values, and their prices."""
    random = np.random.default_rng(seed)
    area = random.lognormal(7 + dear, 0.3, number)
    frame = pd.DataFrame(
        {
            "MSSubClass": random.choice([20, 30, 50, 60], number),
            "LotArea": (area * random.uniform(4, 9, number)).round().astype(int),
            "MasVnrArea": np.where(random.random(number) < 0.05, np.nan, random.exponential(100, number)),
            "1stFlrSF": area.round(),
            "SaleCondition": random.choice(["Normal", "Partial", "Abnorml"], number, p=[0.8, 0.15, 0.05]),
            "CentralAir": random.random(number) < 0.9,
        }
    )
    return frame, area * 100 + random.normal(0, 5000, number)


def houseprices(table, prep):
    return ModelProfile(
        name="HousePricesCheap",
        version="3.0.0",
        components=[
            InputComponent(
                name="outlier_score", extractor=SequenceSimpleExtractor(prep=prep, extractor=KMeansOutlierScorer())
            ),
            OutputComponent(name="prediction", extractor=ElementExtractor(element=0)),
            ActualComponent(name="actual", extractor=ElementExtractor(element=0)),
            EvalComponent(name="abs_error", extractor=AbsoluteRegressionError()),
            *generate_components(table.dtypes, complass=InputComponent),
        ],
        scores=[
            MeanScore(name="MAE", inputs=["abs_error"], preference="low"),
            MeanScore(name="mean_outlier_score", inputs=["outlier_score"], preference="low"),
        ],
    )


def preprocessing(table, price):
    numeric = make_pipeline(SimpleImputer(strategy="constant", fill_value=-1))
    category = make_pipeline(OneHotEncoder(sparse_output=False, handle_unknown="ignore"))
    columns = ["MSSubClass", "LotArea", "MasVnrArea", "1stFlrSF"]
    prep = ColumnTransformer([("num", numeric, columns), ("cat", category, ["SaleCondition", "CentralAir"])])
    forest = RandomForestRegressor(n_estimators=10, random_state=0)
    return prep, forest.fit(prep.fit_transform(table), price)


def test_the_profile_of_house_prices_is_built_contrasted_with_dearer_ones_and_loaded_with_its_preprocessing(tmp_path):
    table, price = houses(600, seed=1)
    prep, forest = preprocessing(table, price)
    profile = houseprices(table, prep)
    profile.build(input=table, output=forest.predict(prep.transform(table))[:, None], actual=price[:, None])
    dtypes = {c.name: c.dtype for c in profile.profile.components}
    assert dtypes == {
        "outlier_score": "float",
        "prediction": "float",
        "actual": "float",
        "abs_error": "float",
        "MSSubClass": "category",
        "LotArea": "int",
        "MasVnrArea": "float",
        "1stFlrSF": "float",
        "SaleCondition": "category",
        "CentralAir": "bool",
    }

    dear, dear_price = houses(600, seed=2, dear=1.0)
    other = copy.deepcopy(profile)
    other.name = "HousePricesExp"
    predicted = forest.predict(prep.transform(dear))[:, None]
    other.build(input=dear, output=predicted, actual=dear_price[:, None], build_extractors=False)
    report = profile.contrast(other)
    assert (report["reference"], report["alternativeA"]) == ("HousePricesCheap@3.0.0", "HousePricesExp@3.0.0")
    assert [issue.name for issue in report.issues()[:2]] == ["MAE", "mean_outlier_score"]
    assert report["health_reports"]["actual"]["drift"]["alert"]
    assert not report["component_reports"]["SaleCondition"]["drift"]["alert"]
    assert report["score_reports"]["MAE"]["alert"]
    muted = profile.contrast(other, thresholds={"scores": {"MAE": 1e9}, "components": {"actual": {"drift": 1e9}}})
    assert not muted["score_reports"]["MAE"]["alert"]
    assert not muted["component_reports"]["actual"]["drift"]["alert"]
    assert profile.view_contrast(other, path=tmp_path).read_text().startswith("<!DOCTYPE html>")

    request = table.dropna().iloc[0, :]
    tags = profile.validate_input(request)
    assert not filter_errors(tags)
    invalid = request.copy()
    invalid["1stFlrSF"] = 100_000
    assert flatten_jcr(filter_errors(profile.validate_input(invalid)))["1stFlrSF-error"] == "above"
    assert not filter_errors(profile.validate_output(forest.predict(prep.transform(table[:1]))[:, None]))
    assert not filter_errors(profile.validate_eval(output=float(price[0]), actual=float(price[0]) + 1))

    profile.save(tmp_path)
    loaded = ModelProfile.load(tmp_path / "housepricescheap@3.0.0.json", prep={"outlier_score": prep})
    assert loaded.validate_input(request) == tags
    pair = pd.DataFrame([request, request])
    for data in (pair, pair.drop(columns="LotArea"), pair.assign(LotArea=["x", 9000])):
        batch = loaded.validate_inputs(data)
        assert list(batch) == [loaded.validate_input(row) for _, row in data.iterrows()]
        assert [bool(tags) for tags in batch] == [True, True]
    assert flatten_jcr(loaded.validate_input({"LotArea": 3}))["outlier_score-error"] == "extractor"
    with pytest.raises(ProfileError, match="input outlier_score: its preprocessing failed: "):
        loaded.build(input=[{"LotArea": 1}] * 2, output=[1.0, 2], actual=[1.0, 2])
    bare = ModelProfile.load(tmp_path / "HousePricesCheap@3.0.0.json")
    assert flatten_jcr(filter_errors(bare.validate_input(request))) == {"outlier_score-error": "extractor"}
    with pytest.raises(ProfileError, match="prep is given of prediction, which no component with an extractor"):
        ModelProfile.load(tmp_path / "HousePricesCheap@3.0.0.json", prep={"prediction": prep})


# -- data of every form


ROWS = 400


def columns():
    random = np.random.default_rng(3)
    fare = random.exponential(10, ROWS).round(3)
    fare[::17] = np.nan
    return {
        "fare": fare,
        "age": random.integers(18, 80, ROWS),
        "rooms": random.integers(1, 6, ROWS),
        "sex": np.array(["m", "f", None], object)[random.choice(3, ROWS, p=[0.6, 0.3, 0.1])],
        "vip": random.random(ROWS) < 0.1,
    }


def listed(found):
    """Return columns as lists, in which what is missing is None."""
    return {name: [None if pd.isna(x) else x for x in column.tolist()] for name, column in found.items()}


def rows_of(found):
    return [dict(zip(found, row, strict=True)) for row in zip(*listed(found).values(), strict=True)]


FORMS = {
    "a pandas DataFrame": pd.DataFrame,
    "one of nullable types": lambda c: pd.DataFrame(listed(c)).convert_dtypes(),
    "one of categories": lambda c: pd.DataFrame(c).astype({"sex": "category", "rooms": "category"}),
    "an Arrow table": lambda c: pa.table(listed(c)),
    "an Arrow record batch": lambda c: pa.RecordBatch.from_pydict(listed(c)),
    "arrays by name": lambda c: c,
    "lists by name": listed,
    "a list of dicts": rows_of,
    "a tuple of dicts": lambda c: tuple(rows_of(c)),
    "a generator of dicts": lambda c: iter(rows_of(c)),
    "a list of rows of pandas": lambda c: [row for _, row in pd.DataFrame(c).iterrows()],
    "a structured array": lambda c: np.array(
        list(zip(*c.values(), strict=True)),
        [("fare", "f8"), ("age", "i8"), ("rooms", "i4"), ("sex", "O"), ("vip", "?")],
    ),
}


def tabular():
    return ModelProfile("table", "1", [InputComponent(name, ElementExtractor(name)) for name in columns()])


def content(profile):
    return {**profile.to_jcr(), "built": 0, "sha256": ""}


@pytest.fixture(scope="module")
def expected():
    profile = tabular()
    profile.build(input=rows_of(columns()))
    return content(profile)


@pytest.mark.parametrize("form", FORMS)
def test_a_profile_is_the_same_whatever_form_its_data_have(form, expected):
    profile = tabular()
    profile.build(input=FORMS[form](columns()))
    assert content(profile) == expected


def test_the_numbers_of_a_profile_are_those_of_numpy(expected):
    found = {c["spec"]["name"]: c for c in expected["components"]}
    fare = columns()["fare"]
    known = fare[~np.isnan(fare)]
    numbers = found["fare"]["numbers"]
    assert (numbers["n"], numbers["minimum"], numbers["maximum"]) == (len(known), known.min(), known.max())
    assert numbers["total"] / len(known) == pytest.approx(known.mean())
    assert numbers["m2"] == pytest.approx(known.var() * len(known))
    assert found["fare"]["presence"]["missing"] == np.isnan(fare).sum()
    counts, values = np.histogram(known, bins=[-np.inf, *np.nextafter(numbers["edges"], np.inf), np.inf])[0], known
    assert numbers["counts"] == counts.tolist()
    sex = found["sex"]["categories"]
    assert sex["levels"] == ["m", "f"]
    assert sex["counts"] == [*(int((columns()["sex"] == level).sum()) for level in ("m", "f")), 0]
    assert stats.ks_1samp(values, stats.expon(scale=10).cdf).pvalue > 1e-3  # the reference is what it says


def test_matrices_are_read_by_place_and_single_numbers_are_their_own_place_0():
    random = np.random.default_rng(5)
    matrix = random.normal(size=(300, 3))
    found = []
    for data in (matrix, matrix.tolist(), matrix.astype(object), [tuple(row) for row in matrix]):
        profile = ModelProfile(
            "m", "1", [InputComponent(f"x{i}", ElementExtractor(i), DataType.FLOAT) for i in range(3)]
        )
        profile.build(input=data)
        found.append(content(profile))
    assert all(one == found[0] for one in found[1:])
    outputs = []
    for data in (matrix[:, :1], matrix[:, 0], matrix[:, 0].tolist(), pd.Series(matrix[:, 0]), pa.array(matrix[:, 0])):
        for extractor in (ElementExtractor(0), None) if np.ndim(data) == 1 else (ElementExtractor(0),):
            profile = ModelProfile("m", "1", [OutputComponent("y", extractor)])
            profile.build(output=data)
            outputs.append(part(profile, "y").reference.moments)
            assert not filter_errors(profile.validate_output(float(matrix[0, 0])))
    assert len(outputs) == 9
    assert all(one == outputs[0] for one in outputs[1:])


def test_whole_numbers_of_few_values_are_categories_unless_told_otherwise_or_an_error_is_taken_of_them():
    stars = np.random.default_rng(1).integers(1, 6, 300)
    data = {"stars": stars, "age": stars * 7 + np.arange(300) % 30}
    profile = ModelProfile(
        "m",
        "1",
        [
            InputComponent("stars", ElementExtractor("stars")),
            InputComponent("told", ElementExtractor("stars"), dtype=DataType.INT),
            InputComponent("age", ElementExtractor("age")),
            OutputComponent("out", ElementExtractor(0)),
            ActualComponent("act", ElementExtractor(0)),
            EvalComponent("error", RegressionError()),
        ],
    )
    profile.build(input=data, output=stars, actual=stars)
    dtypes = [c.dtype for c in profile.profile.components]
    assert dtypes == ["category", "int", "int", "int", "int", "float"]
    kinds = ModelProfile(
        "m",
        "1",
        [
            OutputComponent("out", ElementExtractor(0)),
            ActualComponent("act", ElementExtractor(0)),
            EvalComponent("right", Correct()),
        ],
        [AccuracyScore("accuracy", ["right"])],
    )
    kinds.build(output=stars, actual=np.where(stars == 1, 2, stars))
    assert [c.dtype for c in kinds.profile.components] == ["category"] * 3
    assert kinds.profile.scores[0].reference == pytest.approx((stars != 1).mean())


def test_where_a_part_of_the_datum_is_read_a_datum_that_is_no_mapping_is_that_part():
    shown, _, _ = pictures(30, seed=7)
    profile = ModelProfile("m", "1", [InputComponent("sharpness", Sharpness(), element="image")])
    profile.build(input=shown)
    assert part(profile, "sharpness").field.element == "input.image"
    assert profile.validate_input({"image": shown[0], "id": 3}) == profile.validate_input(shown[0])
    assert flatten_jcr(profile.validate_input({"id": 3})) == {"sharpness-error": "missing"}
    again = ModelProfile("m", "1", [InputComponent("sharpness", Sharpness(), element="image")])
    again.build(input=[{"image": one} for one in shown])
    assert content(again) == content(profile)


def test_paths_lead_through_nested_data_and_keys_with_dots_are_listed():
    data = [{"who": {"age": i % 50, "tags": ["a", f"t{i % 3}"]}, "a.b": float(i)} for i in range(100)]
    profile = ModelProfile(
        "m",
        "1",
        [
            InputComponent("age", ElementExtractor("who.age")),
            InputComponent("first", ElementExtractor("who.tags.1")),
            InputComponent("last", ElementExtractor(("who", "tags", -1))),
            InputComponent("dotted", ElementExtractor(("a.b",))),
            InputComponent("below", ElementExtractor("age"), element="who"),
        ],
    )
    profile.build(input=data)
    assert [c.field.element for c in profile.profile.components] == [
        *("input.who.age", "input.who.tags.1", "input", "input", "input.who.age")
    ]
    assert flatten_jcr(profile.validate_input(data[4])) == {
        "age": 4,
        "first": "t1",
        "last": "t1",
        "dotted": 4.0,
        "below": 4,
    }
    assert generate_components(pd.DataFrame({"a.b": [1.5]}).dtypes)[0].extractor == ElementExtractor(("a.b",))


def test_objects_in_a_column_are_entered_and_a_column_that_is_missing_is_missing_in_each_row():
    column = [{"age": i, "tags": [i % 3]} for i in range(60)]
    components = [
        InputComponent("age", ElementExtractor("who.age")),
        InputComponent("tag", ElementExtractor("who.tags.0")),
    ]
    found = []
    for data in ({"who": column}, pd.DataFrame({"who": column}), [{"who": who} for who in column]):
        profile = ModelProfile("m", "1", components)
        profile.build(input=data)
        found.append(content(profile))
    assert found[0] == found[1] == found[2]
    batch = profile.validate_inputs({"other": [1, 2]})
    assert list(batch) == [profile.validate_input({"other": 1})] * 2
    assert {tag["value"] for tag in batch[0]} == {"missing"}


def test_extractors_of_vectors_read_rows_of_tables_and_matrices():
    random = np.random.default_rng(2)
    matrix = random.normal(size=(400, 3))
    scorers = {
        "kmeans": KMeansOutlierScorer(k=4),
        "knn": KNNOutlierScorer(k=3),
        "mahalanobis": MahalanobisOutlierScorer(),
    }
    for data, far in ((matrix, [9.0, 9, 9]), (pd.DataFrame(matrix, columns=list("abc")), {"a": 9, "b": 9, "c": 9})):
        profile = ModelProfile("m", "1", [InputComponent(name, scorer) for name, scorer in scorers.items()])
        profile.build(input=data)
        assert [tag["value"] for tag in filter_errors(profile.validate_input(far))] == ["above"] * 3
        row = data[0] if data is matrix else data.iloc[0]
        assert not filter_errors(profile.validate_input(row))


def test_classifiers_are_profiled_by_the_class_they_choose_and_by_how_sure_they_are():
    random = np.random.default_rng(4)
    shares = random.dirichlet([1, 1, 1], 300)
    named = [dict(zip(("cat", "dog", "cow"), row, strict=True)) for row in shares.tolist()]
    for data, categories in ((shares, ["cat", "dog", "cow"]), (named, ())):
        profile = ModelProfile(
            "m",
            "1",
            [
                OutputComponent("class", MaxScoreElementExtractor(categories)),
                OutputComponent("margin", ClassificationMarginExtractor()),
            ],
        )
        profile.build(output=data)
        levels = part(profile, "class").reference.categories
        counts = np.bincount(shares.argmax(axis=1), minlength=3).tolist()
        assert [levels[name] for name in ("cat", "dog", "cow")] == counts
        ordered = np.sort(shares, axis=1)
        assert part(profile, "margin").reference.moments.mean == pytest.approx((ordered[:, 2] - ordered[:, 1]).mean())
    places = ModelProfile("m", "1", [OutputComponent("place", MaxScoreElementExtractor())])
    places.build(output=shares)
    assert part(places, "place").dtype == "float"


def test_every_error_and_score_is_that_of_numpy():
    random = np.random.default_rng(8)
    actual = random.lognormal(size=500)
    output = actual * random.lognormal(0, 0.1, 500)
    errors = [
        EvalComponent("error", RegressionError()),
        EvalComponent("absolute", AbsoluteRegressionError()),
        EvalComponent("squared", SquaredRegressionError()),
        EvalComponent("percentage", AbsolutePercentageError()),
    ]
    scores = [MeanScore(component.name, [component.name]) for component in errors]
    rmse = [RMSEScore("rmse", ["error"]), RMSEScore("the same", ["absolute"])]
    sides = [OutputComponent("y", ElementExtractor(0)), ActualComponent("y", ElementExtractor(0))]
    profile = ModelProfile("m", "1", [*sides, *errors], [*scores, *rmse])
    profile.build(output=output, actual=actual)
    gap = output - actual
    assert [score.reference for score in profile.profile.scores] == pytest.approx(
        [
            *(gap.mean(), np.abs(gap).mean(), (gap**2).mean(), (np.abs(gap) / actual).mean()),
            *[np.sqrt((gap**2).mean())] * 2,
        ]
    )
    chance = random.random(500)
    came = (random.random(500) < chance).astype(int)
    profile = ModelProfile(
        "m",
        "1",
        [
            OutputComponent("p", ElementExtractor(0)),
            ActualComponent("came", ElementExtractor(0)),
            EvalComponent("loss", LogLoss(positive=1)),
            EvalComponent("brier", Brier(positive=1)),
        ],
        [MeanScore("loss", ["loss"]), MeanScore("brier", ["brier"])],
    )
    profile.build(output=chance, actual=came)
    assert [score.reference for score in profile.profile.scores] == pytest.approx(
        [-np.log(np.where(came == 1, chance, 1 - chance)).mean(), ((chance - came) ** 2).mean()]
    )


def test_f1_and_accuracy_are_those_of_the_confusion_matrix():
    random = np.random.default_rng(9)
    actual = random.integers(0, 3, 400)
    output = np.where(random.random(400) < 0.8, actual, random.integers(0, 3, 400))
    sides = [OutputComponent("y", ElementExtractor(0)), ActualComponent("y", ElementExtractor(0))]
    evals = [EvalComponent("type", ClassificationErrorType(positive=1)), EvalComponent("right", Correct())]
    scores = [F1Score("f1", ["type"]), AccuracyScore("binary", ["type"]), AccuracyScore("all", ["right"])]
    profile = ModelProfile("m", "1", [*sides, *evals], scores)
    profile.build(output=output, actual=actual)
    both, either = ((output == 1) & (actual == 1)).sum(), (output == 1).sum() + (actual == 1).sum()
    expected = [2 * both / either, ((output == 1) == (actual == 1)).mean(), (output == actual).mean()]
    assert [score.reference for score in profile.profile.scores] == pytest.approx(expected)


def test_components_are_made_of_columns_of_every_type_but_times():
    table = pd.DataFrame(
        {
            "a": [0.5, 1.5] * 20,
            "b": range(40),
            "c": ["x", "y"] * 20,
            "d": [True, False] * 20,
            "when": pd.date_range("2020", periods=40, tz="UTC"),
            "lasted": pd.to_timedelta(range(40), unit="s"),
            "e": pd.Categorical(["x", "y"] * 20),
        }
    )
    with pytest.warns(UserWarning, match="column (when|lasted) is left out: its values are times") as found:
        components = generate_components(table.dtypes, name_prefix="in ")
    assert len(found) == 2
    profile = ModelProfile("m", "1", components)
    profile.build(input=table)
    dtypes = {component.name: component.dtype for component in profile.profile.components}
    assert dtypes == {"in a": "float", "in b": "int", "in c": "category", "in d": "bool", "in e": "category"}
    arrow = pa.table(table.drop(columns="lasted"))
    with pytest.warns(UserWarning, match="column when"):
        assert [
            c.name for c in generate_components(dict(zip(arrow.column_names, arrow.schema.types, strict=True)))
        ] == [*("a", "b", "c", "d", "e")]


def test_extractors_take_the_arguments_that_have_been_published():
    assert KMeansOutlierScorer(k=8).clusters == 8
    boxes = np.array([[0, 0, 1, 1, 0.9], [0, 0, 1, 1, 0.5]])
    found = {name: YoloConfidenceExtractor(aggregation=name).extract(boxes) for name in ("mean", "min")}
    assert found == pytest.approx({"mean": 0.7, "min": 0.5})
    by_name = FixedSubpatchSimilarity(patch={"x0": 1, "y0": 2, "x1": 9, "y1": 8}, nrefs=5)
    assert by_name == FixedSubpatchSimilarity([1, 2, 9, 8], 5)
    assert (by_name.patch, by_name.references) == ((1, 2, 9, 8), 5)


def test_the_confidence_of_detections_is_profiled_and_scored():
    random = np.random.default_rng(0)
    found = [random.random((count, 6)) for count in random.integers(1, 5, 60)]
    profile = ModelProfile(
        name="Yolo",
        version="1.0.0",
        components=[
            InputComponent(name="sharpness", dtype=DataType.FLOAT, extractor=Sharpness()),
            OutputComponent(name="confidence", extractor=YoloConfidenceExtractor()),
        ],
        scores=[MeanScore(name="mean_confidence", inputs=["confidence"], preference="high")],
    )
    profile.build(input=pictures(60, seed=0)[0], output=found)
    expected = np.mean([boxes[:, 4].mean() for boxes in found])
    assert profile.profile.scores[0].reference == pytest.approx(expected)
    assert flatten_jcr(profile.validate_output(found[0])) == {"confidence": pytest.approx(found[0][:, 4].mean())}


# -- domains


def test_domains_are_declared_at_the_component_or_when_the_profile_is_built_or_else_learned():
    data = {"a": np.arange(1.0, 101), "b": np.arange(1.0, 101), "c": np.arange(1.0, 101), "d": ["x", "y"] * 50}
    profile = ModelProfile(
        "m",
        "1",
        [
            InputComponent("a", ElementExtractor("a"), domain=(0, 50)),
            *(InputComponent(name, ElementExtractor(name)) for name in "bcd"),
        ],
    )
    profile.build(input=data, domains={"b": (None, np.int64(90)), "d": {"y", "z", "x"}})
    domains = {c.name: c.measure.domain for c in profile.profile.components}
    assert (domains["a"].low, domains["a"].high) == (0, 50)
    assert (domains["b"].low, domains["b"].high) == (-np.inf, 90)
    assert domains["c"].low < 1
    assert domains["c"].high > 100
    assert part(profile, "a").reference.presence.above == 50
    assert part(profile, "d").measure.levels == ("x", "y", "z")


def test_what_matters_most_is_declared_kept_in_the_file_and_given_back_with_preprocessing(tmp_path):
    declared = {"main": True, "importance": 3}
    profile = ModelProfile(
        "m",
        "1",
        [
            InputComponent("km", ElementExtractor("km"), **declared),
            InputComponent("text", TextLength(), element="text", **declared),
            OutputComponent("y", **declared),
            ActualComponent("y"),
            EvalComponent("error", AbsoluteRegressionError(), **declared),
        ],
    )
    texts = [str(2**i) for i in range(50)]
    profile.build({"km": np.arange(50.0), "text": texts}, output=np.arange(50.0), actual=np.arange(50.0))
    path = profile.save(tmp_path)
    loaded = ModelProfile.load(path, prep={"text": object()})
    assert [c.main for c in loaded.components.values()] == [True, True, True, False, True]
    assert [c.spec.importance for c in loaded.profile.components] == [3, 3, 3, 1, 3]
    assert loaded.components["text"].importance == 3


# -- files and copies


def test_a_profile_is_saved_into_a_directory_or_a_file_and_loaded_in_any_case(tmp_path):
    profile = ModelProfile("Model", "1", [InputComponent("x")])
    profile.build(input=np.arange(50.0))
    paths = [profile.save(tmp_path), profile.save(str(tmp_path / "deep" / "here")), profile.save(tmp_path / "it.json")]
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        *("Model@1.json", "deep/here/Model@1.json", "it.json")
    ]
    assert len(list(tmp_path.iterdir())) == 3
    assert len({dump(ModelProfile.load(path).profile) for path in (*paths, tmp_path / "model@1.json")}) == 1
    assert dump(ModelProfile.from_jcr(profile.to_jcr()).profile) == paths[0].read_bytes()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "other"}', b"\x80\x04K\x01."])
def test_what_is_no_profile_is_refused_with_its_path(content, tmp_path):
    (tmp_path / "it.json").write_bytes(content)
    with pytest.raises(ProfileError, match=r"it\.json: "):
        ModelProfile.load(tmp_path / "it.json")
    with pytest.raises(ProfileError, match=r"nothing\.json cannot be read: No such file"):
        ModelProfile.load(tmp_path / "nothing.json")


def test_a_jcr_that_is_no_profile_is_refused():
    with pytest.raises(ProfileError, match=r"not a profile|format"):
        ModelProfile.from_jcr({"name": "x"})


def test_a_copy_judges_like_its_original_and_may_have_another_name(tmp_path):
    profile = tabular()
    profile.build(input=columns())
    data = [{"sex": [1], "vip": {}, "rooms": "x", "age": "?"}, {"sex": "q", "fare": -1}]
    for other in (copy.copy(profile), copy.deepcopy(profile), pickle.loads(pickle.dumps(profile))):
        assert [other.validate_input(datum) for datum in data] == [profile.validate_input(datum) for datum in data]
        other.name, other.version = "other", "2"
        assert {tag["group"] for tag in other.validate_input(data[0])} == {"other@2"}
        assert other.save(tmp_path).name == "other@2.json"
        assert load_profile((tmp_path / "other@2.json").read_bytes()).name == "other"
    assert profile.group_idfr == "table@1"
    assert profile.profile.name == "table"


def test_a_loaded_profile_can_be_built_anew_and_observes(tmp_path):
    profile = tabular()
    profile.build(input=columns())
    loaded = ModelProfile.load(profile.save(tmp_path))
    assert list(loaded.components) == list(profile.components) == ["fare", "age", "rooms", "sex", "vip"]
    assert (
        dump(loaded.observe(input=columns()).profile).split(b'"built"')[0]
        == (dump(profile.observe(input=columns()).profile).split(b'"built"')[0])
    )
    loaded.build(input=columns())
    assert content(loaded) == content(profile)


def test_a_spec_that_was_written_for_the_command_line_is_a_profile_in_python_too(tmp_path):
    path = tmp_path / "profile.yml"
    path.write_text(
        "name: shop\nversion: 1.0.0\ncomponents:\n"
        "  - {name: price, element: output.price, dtype: float, thresholds: {psi: 0.1}}\n"
        "  - {name: price, element: actual.price, dtype: float}\n"
        "  - {name: error, role: eval, extractor: {absolute_error: {output: price, actual: price}}}\n"
        "scores:\n  - {name: mae, score: mean_absolute_error, input: error}\n"
    )
    spec = load_spec(str(path))
    profile = ModelProfile(spec.name, spec.version, spec.components, spec.scores)
    assert list(profile.components) == ["output.price", "actual.price", "error"]
    assert list(profile.scores) == ["mae"]
    prices = np.arange(100.0)
    profile.build(output={"price": prices}, actual={"price": prices + 1})
    assert profile.profile.scores[0].reference == 1
    assert part(profile, "price", "output").spec.thresholds == {"psi": 0.1}


# -- pages


def test_a_view_marks_a_point_of_interest_and_is_shown_only_when_asked(vision, tmp_path, monkeypatch):
    profile, shown, _, _ = vision
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    tags = profile.validate_input(shown[0].filter(ImageFilter.GaussianBlur(5)))
    page = profile.view(poi=tags, path=tmp_path / "page.html")
    assert "below" in page.read_text()
    assert profile.view(poi={"sharpness": 1.5}, path=tmp_path).name == "retinopathy@3.0.0.html"
    assert "1.5" in (tmp_path / "retinopathy@3.0.0.html").read_text()
    profile.view(poi=profile.validate_input(None), path=tmp_path)
    assert not opened
    profile.view(mode="external", path=tmp_path)
    assert opened == [(tmp_path / "retinopathy@3.0.0.html").as_uri()]
    with pytest.raises(ProfileError, match="the point has colour, which the profile does not have"):
        profile.view(poi={"colour": 1})


# -- mistakes


def output_and_actual(**options):
    return [OutputComponent("y", ElementExtractor(0)), ActualComponent("y", ElementExtractor(0)), *options.values()]


X = InputComponent("x", dtype="float")
MISTAKES = {
    "a domain of no component": (lambda p: p.build(input=[1.0], domains={"z": (0, 1)}), [X], "domains are given of z"),
    "no data of a role": (lambda p: p.build(input=[1.0]), [X, *output_and_actual()], "not given: output, actual"),
    "data that are no sequence": (lambda p: p.build(input=5), [X], "this is a int"),
    "one datum for columns": (lambda p: p.build(input={"x": 3}), [X], "write a list for data one by one"),
    "columns of other lengths": (lambda p: p.build(input={"x": [1], "y": [1, 2]}), [X], "'x': 1, 'y': 2"),
    "roles of other lengths": (
        lambda p: p.build(input=[1.0] * 3, output=[1.0] * 2, actual=[1.0] * 3),
        [X, *output_and_actual()],
        "3 of input, 2 of output, 3 of actual",
    ),
    "no data": (lambda p: p.build(input=[]), [X], "input x: the reference has no valid number"),
    "a column that is not there": (
        lambda p: p.build(input={"fare": [1.0], "age": [2.0]}),
        [InputComponent("fare", ElementExtractor("fair")), InputComponent("x", ElementExtractor("year.a"))],
        "input fare: unknown column 'fair'; did you mean fare.; input x: unknown column 'year'; ",
    ),
    "a single value": (lambda p: p.build(input=np.array(3.0)), [X], "this is a single value"),
    "no value": (lambda p: p.build(input=[None, "a"]), [X], "input x: the reference has no valid number"),
    "all that is wrong": (
        lambda p: p.build(input={"a": [None], "b": ["?"]}),
        [InputComponent(name, ElementExtractor(name), "float") for name in "ab"],
        "input a: the reference has no valid number of it; input b: ",
    ),
    "a dtype that is none": (lambda p: p.build(input=[1]), [InputComponent("x", dtype="number")], "dtype"),
    "a name that is none": (lambda p: p.build(input=[1]), [InputComponent("", dtype="int")], "name must not be empty"),
    "a domain of the wrong kind": (
        lambda p: p.build(input=[1.0], domains={"x": ["a"]}),
        [X],
        r"input x: domain: write \[",
    ),
    "an extractor's options": (
        lambda p: p.build(input=[1.0]),
        [InputComponent("x", KNNOutlierScorer(k=2, features=[1]))],
        "input x: extractor.knn_outlier_score: Expected `str`",
    ),
    "an unregistered extractor": (lambda p: p.build(input=[1.0]), [InputComponent("x", object())], "no registered"),
    "too few to learn from": (
        lambda p: p.build(input=np.zeros((4, 2))),
        [InputComponent("x", KNNOutlierScorer(k=50))],
        "input x cannot learn: the reference has 2 usable data and 51 are needed",
    ),
    "no actual to compare with": (
        lambda p: p.build(output=[1.0]),
        [OutputComponent("y"), EvalComponent("e", RegressionError())],
        "eval e: say by actual= which actual component it reads; there is no actual component",
    ),
    "several outputs": (
        lambda p: p.build(output=[1.0], actual=[1.0]),
        [OutputComponent("a"), OutputComponent("b"), ActualComponent("y"), EvalComponent("e", RegressionError())],
        "eval e: say by output= which output component it reads; there are a, b",
    ),
    "an output that is none": (
        lambda p: p.build(output=[1.0], actual=[1.0]),
        output_and_actual(e=EvalComponent("e", RegressionError(), output="x")),
        "eval e: extractor.error.output: unknown output component 'x'",
    ),
    "an error of categories": (
        lambda p: p.build(output=["a", "b"], actual=["a", "b"]),
        output_and_actual(e=EvalComponent("e", RegressionError())),
        "output y: the reference has no valid number",
    ),
    "something not built": (lambda p: p.save(), [X], "m@1 has not been built: call build"),
    "something not built to observe": (lambda p: p.observe(input=[1.0]), [X], "m@1 has not been built"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_an_error_that_says_what_is_wrong(mistake):
    do, components, message = MISTAKES[mistake]
    with pytest.raises(ProfileError, match=message):
        do(ModelProfile("m", "1", components))


SCORES = {
    "several inputs": (MeanScore("s", ["a", "b"]), "score s: write one component in inputs, not 2"),
    "an unknown input": (MeanScore("s", ["q"]), "score s: input: unknown component 'q'"),
    "categories of a mean": (MeanScore("s", ["c"]), "score s: input: mean cannot read c"),
    "squares of an rmse": (
        RMSEScore("s", ["squared"]),
        "cannot read squared; it needs a component of error or absolute",
    ),
    "a name of several": (MeanScore("s", ["y"]), "score s: input: y is the name of several: output y, actual y"),
}


@pytest.mark.parametrize("mistake", SCORES)
def test_a_score_of_what_it_cannot_read_is_an_error(mistake):
    score, message = SCORES[mistake]
    components = output_and_actual(e=EvalComponent("squared", SquaredRegressionError()))
    profile = ModelProfile("m", "1", [InputComponent("c", dtype="category"), *components], [score])
    with pytest.raises(ProfileError, match=message):
        profile.build(input=["a"] * 5, output=[1.0] * 5, actual=[1.0] * 5)


def test_what_is_no_component_or_score_is_an_error_that_names_those_that_are():
    with pytest.raises(ProfileError, match="'fare' is none of InputComponent, OutputComponent, ActualComponent, EvalC"):
        ModelProfile("m", "1", ["fare"])
    with pytest.raises(ProfileError, match="is none of MeanScore, RMSEScore, PrecisionScore"):
        ModelProfile("m", "1", [X], [X])


def test_a_name_that_would_lead_elsewhere_is_refused():
    profile = ModelProfile("../m", "1", [X])
    with pytest.raises(ProfileError, match="must not be empty or hold @ or /"):
        profile.build(input=[1.0, 2.0])
    profile.name = "m"
    profile.build(input=[1.0, 2.0])
    for name, version in (("../m", "1"), ("m", "1/2"), ("m@1", "1")):
        profile.name, profile.version = name, version
        with pytest.raises(ProfileError, match="must not hold @ or /"):
            profile.save()


def test_a_name_is_declared_once_in_a_role():
    with pytest.raises(ProfileError, match="input x is declared twice"):
        ModelProfile("m", "1", [X, X])
    assert list(ModelProfile("m", "1", [X, OutputComponent("x")]).components) == ["input.x", "output.x"]
    assert list(ModelProfile("m", "1", {"any": X}).components) == ["x"]


def test_an_evaluation_may_name_what_it_reads():
    components = [
        *(OutputComponent(name, ElementExtractor(name)) for name in "ab"),
        ActualComponent("y"),
        EvalComponent("of a", AbsoluteRegressionError(), output="a", actual="y"),
        EvalComponent("of b", AbsoluteRegressionError(), output="b"),
    ]
    profile = ModelProfile("m", "1", components, [MeanScore(name, [name]) for name in ("of a", "of b")])
    profile.build(output={"a": np.zeros(50), "b": np.ones(50)}, actual=np.ones(50))
    assert [score.reference for score in profile.profile.scores] == [1, 0]
    assert flatten_jcr(profile.validate_eval({"a": 3, "b": None}, 1)) == {
        "of a": 2.0,
        "of a-error": "above",
        "of b-error": "missing",
    }


# -- the terminal, and what is imported


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_on_a_terminal_and_cleared(monkeypatch):
    monkeypatch.setattr("exporter.api.progress.INTERVAL", -1)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    profile = ModelProfile("m", "1", [InputComponent("length", TextLength())])
    profile.build(input=["a", "bb", "ccc"] * 4, silent=False)
    shown = terminal.getvalue()
    assert "profiling m@1 [#####               ] 3 of 12 (25%)" in shown
    assert "[####################] 12 of 12 (100%)" in shown
    assert shown.endswith("\r\033[K")


@pytest.mark.parametrize(("stream", "silent"), [(io.StringIO, False), (Terminal, True)])
def test_no_progress_is_shown_where_nobody_watches_or_it_is_to_be_silent(stream, silent, monkeypatch):
    monkeypatch.setattr("exporter.api.progress.INTERVAL", -1)
    written = stream()
    monkeypatch.setattr(sys, "stderr", written)
    ModelProfile("m", "1", [InputComponent("length", TextLength())]).build(input=["a", "bb"], silent=silent)
    assert not written.getvalue()


def test_watched_data_are_the_data():
    watched = Progress("x", Terminal()).watched([3, 1, 2])
    assert (list(watched), watched[1], watched[:2], len(watched)) == ([3, 1, 2], 1, [3, 1], 3)


def test_every_name_of_the_package_is_there_and_no_other():
    assert all(getattr(exporter, name) is not None for name in exporter.__all__)
    assert set(exporter.__all__) <= set(dir(exporter))
    with pytest.raises(AttributeError, match="no attribute 'ModelProfil'"):
        _ = exporter.ModelProfil


def test_importing_the_package_loads_nothing_heavy():
    code = "import exporter, sys; sys.exit(bool({'numpy', 'msgspec', 'PIL', 'exporter.api'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_json_holds_of_a_report_is_the_report(vision):
    profile, shown, output, actual = vision
    report = profile.contrast(profile.observe(input=shown[:40], output=output[:40], actual=actual[:40]))
    assert json.loads(json.dumps(report)) == report


# -- the page about all this

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_page_run_and_say_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[1] / "docs/python.md").read_text()
    scope = {}
    runner, parser = doctest.DocTestRunner(verbose=False), doctest.DocTestParser()
    for number, block in enumerate(BLOCK.findall(text)):
        if block.startswith(">>>"):
            example = parser.get_doctest(block, {}, f"block {number}", None, 0)
            example.globs = scope
            runner.run(example, clear_globs=False)
        else:
            exec(block, scope)
    failed, attempted = runner.summarize()
    assert (failed, attempted) == (0, text.count("\n>>> "))
