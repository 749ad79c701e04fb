"""Working together on problems: whose tasks are due, the letters about them, and what partners meet about."""
