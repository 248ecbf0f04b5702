"""A model's profile in Python: built from data in memory, kept in a file, judging data and contrasted with others."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Self

import msgspec

from exporter.api.align import aligned
from exporter.api.building import built, observed
from exporter.api.components import Component, Domain, key_of, named
from exporter.api.contrasting import Report, Thresholds, compare
from exporter.api.data import Data
from exporter.api.declaration import checked, renamed, spec_of, supplied
from exporter.api.files import Mode, read, save, show
from exporter.api.gather import reader
from exporter.api.preparation import loaded, preparations
from exporter.api.progress import Progress
from exporter.api.sample import inferred
from exporter.api.scores import Score
from exporter.api.tags import Format, Tag, Tags, formatted, points, unbuilt
from exporter.api.validation import Batch, Validator
from exporter.profile import Profile, ProfileError, dump, load
from exporter.report import profile_page

NOT_GIVEN: Any = object()
NO_THRESHOLDS: Thresholds = {}


class ModelProfile:
    """Components and scores of one version of a model, and once it is built, what they look like when all is well.

    `name` and `version` may be set to others. `components` and `scores` are lists, or mappings of which the values
    count. Components of different roles may have one name.
    """

    def __init__(
        self,
        name: str = "default",
        version: str = "0.0.0",
        components: Iterable[Component] | Mapping[str, Component] = (),
        scores: Iterable[Score] | Mapping[str, Score] = (),
    ) -> None:
        self.name, self.version = str(name), str(version)
        self._components = tuple(components.values() if isinstance(components, Mapping) else components)
        self._scores = tuple(scores.values() if isinstance(scores, Mapping) else scores)
        self._profile: Profile | None = None
        self._validator: Validator | None = None
        checked(self._components, self._scores)
        self._prepare = preparations(self._components)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_validator": None}  # it is made anew: its marks are told by identity

    def __repr__(self) -> str:
        state = "built" if self.is_built() else "not built"
        return f"<ModelProfile {self.group_idfr}: {len(self._components)} components, {state}>"

    @property
    def group_idfr(self) -> str:
        """Return name@version, which tags carry as their group."""
        return f"{self.name}@{self.version}"

    @property
    def components(self) -> dict[str, Component]:
        """Return the components by name, with the role (`output.label`) where several have it."""
        names = named(map(key_of, self._components))
        return {names[key_of(component)]: component for component in self._components}

    @property
    def scores(self) -> dict[str, Score]:
        """Return the scores by name."""
        return {score.name: score for score in self._scores}

    @property
    def profile(self) -> Profile:
        """Return what has been built; ProfileError where nothing has."""
        if self._profile is None:
            raise ProfileError(f"{self.group_idfr} has not been built: call build(), or ModelProfile.load()")
        if (self.name, self.version) != (self._profile.name, self._profile.version):
            self._profile = renamed(self._profile, self.name, self.version)
        return self._profile

    def is_built(self) -> bool:
        """Tell whether there is something to judge data by."""
        return self._profile is not None

    def build(
        self,
        input: object = None,  # noqa: A002 - the word of the field
        output: object = None,
        actual: object = None,
        domains: Mapping[str, Domain] | None = None,
        *,
        silent: bool = True,
        seed: int = 0,
        build_extractors: bool = True,
        attributions: object = None,
    ) -> None:
        """Build the profile from a reference: data of a time when all was well. ProfileError with all that is wrong.

        Data of a role are a sequence of data, or a table: a pandas DataFrame, an Arrow table, a two-dimensional array
        or a mapping of columns; or a stream, an iterator of single data or of tables, which takes bounded memory.
        `domains` are valid ranges (None is an open end) or lists of categories by component; what is left out is
        learned. Extractors that learn are fitted to one half of the data, drawn by `seed`, and profiled on the other;
        with `build_extractors=False` this profile is instead replaced by that of other data, on its own bins,
        categories and domains, as `observe` does. Unless `silent`, it shows its progress. `attributions` are such as
        SHAP values: a column for each feature.
        """
        given = {"input": input, "output": output, "actual": actual}
        if not build_extractors:
            self._take(self._observed(given, silent=silent))
            return
        supplied(self._components, given)
        declare = partial(spec_of, (self.name, self.version), self._components, self._scores, domains or {})
        with closing(Progress(f"profiling {self.group_idfr}", silent=silent)) as progress:
            self._take(built(declare, given | {"attributions": attributions}, self._prepare, seed, progress))

    def observe(
        self,
        input: object = None,  # noqa: A002 - the word of the field
        output: object = None,
        actual: object = None,
        *,
        silent: bool = True,
    ) -> Self:
        """Return the profile of other data on this one's bins, categories and domains, so that the two compare.

        Nothing is learned: what is outside of this profile's domains is invalid. Components without data are left out.
        """
        profile = self._observed({"input": input, "output": output, "actual": actual}, silent=silent)
        return self._of(profile, self._components, self._scores)

    @classmethod
    def infer(
        cls,
        input: object = None,  # noqa: A002 - the word of the field
        output: object = None,
        actual: object = None,
        *,
        name: str = "model",
        version: str = "1.0.0",
        path: str | Path | None = None,
    ) -> Self:
        """Return a profile, not built, with the components and scores that data suggest; ProfileError where none.

        They are written to a `path` as YAML for a person to edit, with why other values were left out.
        """
        spec = inferred({"input": input, "output": output, "actual": actual}, name, version, path)
        return cls(spec.name, spec.version, spec.components, spec.scores)

    def save(self, path: str | Path = ".") -> Path:
        """Write the profile to a file that ends in .json, or as name@version.json into a directory; return its path."""
        return save(self.profile, path)

    @classmethod
    def load(cls, path: str | Path, prep: Mapping[str, object] | None = None) -> Self:
        """Return the profile of a file; ProfileError where it is none, whatever it holds.

        `prep` are the preprocessing steps of components that were built behind a SequenceSimpleExtractor.
        """
        return cls._of(*loaded(read(path), prep or {}))

    def to_jcr(self) -> dict[str, Any]:
        """Return what the file holds."""
        found: dict[str, Any] = msgspec.json.decode(dump(self.profile))
        return found

    @classmethod
    def from_jcr(cls, jcr: Mapping[str, Any]) -> Self:
        """Return the profile of what a file holds; ProfileError where it is none."""
        return cls._of(*loaded(load(msgspec.json.encode(jcr)), {}))

    def validate_input(self, input: Any, tag_format: Format = "jcr") -> Tags:  # noqa: A002, ANN401 - any datum
        """Return the tags of an input: the value of each component, and why it is invalid or unusual where it is.

        It never raises: what is missing, of the wrong type, outside of the domain, an unseen category or fails an
        extractor is an error tag. They are a list, `list[Tag]`; with `tag_format="simple"` a dict of values by name.
        """
        return formatted(self._tags("input", input), tag_format)

    def validate_output(self, output: Any, tag_format: Format = "jcr") -> Tags:  # noqa: ANN401 - any datum
        """Return the tags of an output, as `validate_input` does."""
        return formatted(self._tags("output", output), tag_format)

    def validate_actual(self, actual: Any, tag_format: Format = "jcr") -> Tags:  # noqa: ANN401 - any datum
        """Return the tags of an actual, as `validate_input` does."""
        return formatted(self._tags("actual", actual), tag_format)

    def validate_eval(self, output: Any, actual: Any, tag_format: Format = "jcr") -> Tags:  # noqa: ANN401 - any datum
        """Return the tags of what is computed from an output and its actual, as `validate_input` does."""
        return formatted(self._tags("eval", output, actual), tag_format)

    def validate_all(
        self,
        input: Any = NOT_GIVEN,  # noqa: A002, ANN401 - the word of the field, and any datum
        output: Any = NOT_GIVEN,  # noqa: ANN401 - any datum
        actual: Any = NOT_GIVEN,  # noqa: ANN401 - any datum
        tag_format: Format = "jcr",
    ) -> Tags:
        """Return the tags of all that is given, one role after the other, as `validate_input` does."""
        given = (("input", input), ("output", output), ("actual", actual))
        tags = [tag for role, datum in given if datum is not NOT_GIVEN for tag in self._tags(role, datum)]
        if output is not NOT_GIVEN and actual is not NOT_GIVEN:
            tags += self._tags("eval", output, actual)
        return formatted(tags, tag_format)

    def validate_inputs(self, inputs: object) -> Batch:
        """Return the tags of each of many inputs, a sequence or a table; the same as of each alone, but faster."""
        return self._batch("input", inputs)

    def validate_outputs(self, outputs: object) -> Batch:
        """Return the tags of each of many outputs, as `validate_inputs` does."""
        return self._batch("output", outputs)

    def validate_actuals(self, actuals: object) -> Batch:
        """Return the tags of each of many actuals, as `validate_inputs` does."""
        return self._batch("actual", actuals)

    def contrast(self, other: "ModelProfile", thresholds: Thresholds = NO_THRESHOLDS) -> Report:
        """Return how another profile differs from this one; neither is changed.

        `thresholds` are `{"components": {name: {"drift": x, "invalids": x}}, "scores": {name: x}, "global_drift": x}`
        where they are others than those of this profile.
        """
        found, limit = compare(self.profile, other.profile, thresholds)
        return Report(found, limit, reference=self.group_idfr, alternativeA=other.group_idfr)

    def contrast_alternatives(
        self, a: "ModelProfile", b: "ModelProfile", thresholds: Thresholds = NO_THRESHOLDS
    ) -> Report:
        """Return how a profile b differs from a, both on this one's bins, categories and domains."""
        found, limit = compare(aligned(a.profile, self.profile), b.profile, thresholds)
        names = {"reference": self.group_idfr, "alternativeA": a.group_idfr, "alternativeB": b.group_idfr}
        return Report(found, limit, **names)

    def view(
        self,
        poi: Iterable[Tag] | Mapping[str, object] | None = None,
        mode: Mode = "file",
        path: str | Path | None = None,
    ) -> Path:
        """Write the page of the profile to a file and return its path; mode "external" shows it in the browser too.

        `poi` is a point of interest, the tags of a datum or values by component, that is drawn in all distributions.
        """
        page = profile_page(self.profile, None if poi is None else points(poi, self.profile))
        return show(page, self.group_idfr, path, mode)

    def view_contrast(
        self,
        other: "ModelProfile",
        mode: Mode = "file",
        thresholds: Thresholds = NO_THRESHOLDS,
        path: str | Path | None = None,
    ) -> Path:
        """Write the page of a contrast to a file, as `view` does."""
        return self.contrast(other, thresholds).view(path, mode)

    def view_contrast_alternatives(
        self,
        a: "ModelProfile",
        b: "ModelProfile",
        mode: Mode = "file",
        thresholds: Thresholds = NO_THRESHOLDS,
        path: str | Path | None = None,
    ) -> Path:
        """Write the page of a contrast of two others to a file, as `view` does."""
        return self.contrast_alternatives(a, b, thresholds).view(path, mode)

    @classmethod
    def _of(cls, profile: Profile, components: Iterable[Component], scores: Iterable[Score]) -> Self:
        found = cls(profile.name, profile.version, components, scores)
        found._take(profile)
        return found

    def _take(self, profile: Profile) -> None:
        self._profile = profile
        self._validator = Validator(profile, self.group_idfr, self._prepare)

    def _observed(self, given: Mapping[str, object], *, silent: bool) -> Profile:
        with closing(Progress(f"profiling {self.group_idfr}", silent=silent)) as progress:
            return observed(self.profile, given, self._prepare, progress)

    def _validating(self) -> Validator | None:
        if self._profile is not None and (self._validator is None or self._validator.group != self.group_idfr):
            self._take(self._profile)
        return self._validator

    def _tags(self, role: str, *data: Any) -> list[Tag]:  # noqa: ANN401 - any datum, of eval an output and an actual
        validator = self._validating()
        if validator is None:
            names = [name for other, name in map(key_of, self._components) if other == role]
            return [unbuilt(role, name, self.group_idfr) for name in names]
        return validator.evaluated(*data) if role == "eval" else validator.tags(role, *data)

    def _batch(self, role: str, given: object) -> Batch:
        validator = self._validating() or Validator(self.profile, self.group_idfr, self._prepare)
        return validator.batch(role, reader(Data(given), self._prepare))
