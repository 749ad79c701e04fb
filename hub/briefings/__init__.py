"""What a commander is told before a tasking meeting: what is new in an area, and all that is known of a place."""
