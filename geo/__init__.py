"""Spatial and statistical analysis: arrays and frames in, arrays and frames out.

Pure: it knows no web, no database and nothing of the hub. Coordinates are metres on the British National Grid.
"""
