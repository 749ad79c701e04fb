"""Borough summaries for people who read figures rather than make them."""
