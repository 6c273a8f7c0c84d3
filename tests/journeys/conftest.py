"""The journeys walk through a whole Frontdesk; see tests/town.py."""

from tests.town import NAMES, Town, ask

__all__ = ["NAMES", "Town", "ask"]
