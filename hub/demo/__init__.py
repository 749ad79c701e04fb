"""The demo: a fictional city, generated, with what is hidden in it for the hub to find."""
