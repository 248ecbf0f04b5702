"""The profile of a model's reference data: what its components look like when all is well, in one JSON file."""

from exporter.profile.association import Pairing, pairing
from exporter.profile.attributions import MEASURE, Attributions, estimate, explained
from exporter.profile.build import build
from exporter.profile.component import Component, ProfileError
from exporter.profile.detector import LEVELS, Detector
from exporter.profile.estimates import ESTIMATE, Estimates, EstimateStep, estimates
from exporter.profile.infer import infer, left_out
from exporter.profile.model import Profile, ScoreReference, dump, load
from exporter.profile.observe import columns_by, merged, observe
from exporter.profile.reference import Columns, columns_of
from exporter.profile.scoring import ScoreSpec, scored
from exporter.profile.spec import ComponentSpec, ProfileSpec, problems

__all__ = [
    "ESTIMATE",
    "LEVELS",
    "MEASURE",
    "Attributions",
    "Columns",
    "Component",
    "ComponentSpec",
    "Detector",
    "EstimateStep",
    "Estimates",
    "Pairing",
    "Profile",
    "ProfileError",
    "ProfileSpec",
    "ScoreReference",
    "ScoreSpec",
    "build",
    "columns_by",
    "columns_of",
    "dump",
    "estimate",
    "estimates",
    "explained",
    "infer",
    "left_out",
    "load",
    "merged",
    "observe",
    "pairing",
    "problems",
    "scored",
]
