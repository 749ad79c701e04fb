"""How long data is kept: what is due for deletion, the warning before, and the deletion itself."""
