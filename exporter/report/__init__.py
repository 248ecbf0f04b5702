"""Pages for people: a profile's view and a contrast's view, each one HTML file that needs no network."""

from exporter.report.contrast_view import contrast_page
from exporter.report.profile_view import profile_page

__all__ = ["contrast_page", "profile_page"]
