"""What a borough lets its neighbours know of the strip along their border: a word for each place, and no figure."""
