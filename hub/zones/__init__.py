"""Zones: ground that somebody of an area drew or uploaded, named and kept, with what is recorded on it."""
