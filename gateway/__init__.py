"""Commentgate: the gate in front of comment forms."""

__version__ = "0.1.0"
