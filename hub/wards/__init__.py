"""One ward: how a reader finds it, its figures, its line across boundary changes, wards like it, and its priorities."""
