"""Baselines: what is known of a problem's place, and its counts before a response, frozen beside those of controls."""
