"""Rasa lives in env/rasa alone: without it there is nothing to collect here."""

import importlib.util
import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
collect_ignore_glob = [] if importlib.util.find_spec("rasa") else ["test_*.py"]

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
