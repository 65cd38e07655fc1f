"""Tests and notebooks run offline, and keep nobody's guesses or solved exercises."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MTLHELPERS_UNATTENDED"] = "1"
