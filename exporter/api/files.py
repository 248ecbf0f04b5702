"""Where profiles and pages are kept: written whole or not at all."""

import tempfile
import webbrowser
from pathlib import Path
from typing import Literal

from exporter.profile import Profile, ProfileError, dump, load

Mode = Literal["file", "external"]


def save(profile: Profile, path: str | Path) -> Path:
    """Write a profile to a file that ends in .json, or as name@version.json into a directory; returns the path."""
    target = Path(path)
    if target.suffix != ".json":
        target /= f"{profile.name}@{profile.version}.json"
    return write(target, dump(profile))


def write(target: Path, data: bytes) -> Path:
    """Write a file through another that is then renamed; its directory is made where it is missing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(data)
    return part.replace(target)


def read(path: str | Path) -> Profile:
    """Return the profile of a file, of which the case of the letters does not matter; ProfileError with its path."""
    found = Path(path)
    if not found.exists():
        alike = (p for p in found.parent.glob("*.json") if p.name.lower() == found.name.lower())
        found = next(alike, found)
    try:
        return load(found.read_bytes())
    except OSError as error:
        raise ProfileError(f"{path} cannot be read: {error.strerror}") from None
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}") from None


def show(page: str, name: str, path: str | Path | None, mode: Mode) -> Path:
    """Write a page to a file that ends in .html, into a directory, or into one of its own; returns the path.

    Mode "external" shows it in the browser.
    """
    target = Path(tempfile.mkdtemp(prefix="prediction-exporter-")) / f"{name}.html" if path is None else Path(path)
    if target.suffix != ".html":
        target /= f"{name}.html"
    write(target, page.encode())
    if mode == "external":
        webbrowser.open(target.resolve().as_uri())
    return target
