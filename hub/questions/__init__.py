"""Questions about figures: asked on a figure's own page, answered by the borough's officers, read by its readers."""
