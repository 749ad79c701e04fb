"""What the hub measures: plans, themes and measures as data, and the five that a borough puts first; never a figure."""
