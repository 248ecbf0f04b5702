"""The data of each role, and of them the columns from which a profile is built or observed."""

from collections.abc import Callable, Iterable, Mapping

from exporter.api.data import Data, Watch
from exporter.api.sequence import SequenceSimpleExtractor
from exporter.profile import Columns, Component, ComponentSpec, ProfileError
from exporter.profile.values import Key, Raw


def data_of(given: Mapping[str, object], watch: Watch) -> dict[str, Data]:
    """Return the data of each role."""
    return {role: Data(data, watch) for role, data in given.items()}


def columns(
    specs: Iterable[ComponentSpec], data: Mapping[str, Data], prepare: Mapping[Key, SequenceSimpleExtractor]
) -> Columns:
    """Return what each logged component reads of the data of its role, where there are some."""
    logged = [spec for spec in specs if not spec.computed and spec.resolved_role in data]
    found = {spec.key: data[spec.resolved_role].raw(spec, prepare.get(spec.key)) for spec in logged}
    lengths = {role: len(values) for (role, _), values in found.items()}
    if len(set(lengths.values())) > 1:
        raise ProfileError(f"the data differ in length: {', '.join(f'{n} of {role}' for role, n in lengths.items())}")
    return Columns(found)


def reader(data: Data, prepare: Mapping[Key, SequenceSimpleExtractor]) -> Callable[[Component], Raw]:
    """Return the function from a component to what it reads of data that may be of any kind.

    Preprocessing that refuses them together prepares them one by one.
    """

    def raw(component: Component) -> Raw:
        step = prepare.get(component.spec.key)
        try:
            return data.raw(component.spec, step)
        except ProfileError:
            if step is None:
                raise
            return [step.one(datum) for datum in data.rows()]

    return raw
