"""Arithmetic of kits: standard library only."""
