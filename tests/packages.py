"""Packages of other people for tests: modules on the path, with the metadata that an installer leaves."""

import sys


def install(directory, name, group, entries, code=""):
    """Put a package of one module into a directory, with entry points (lines of `name = module:object`) of a group."""
    (directory / f"{name}.py").write_text(code)
    metadata = directory / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[prediction_exporter.{group}]\n{entries}\n")


def forget(directory):
    """Forget the modules that were imported from a directory."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(directory)):
            del sys.modules[name]
