"""Hotspot overlays of wards and small areas, computed once for each set of inputs."""
