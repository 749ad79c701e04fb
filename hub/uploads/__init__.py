"""Uploads: from a partner's file to versions of each borough's data, and back by undo."""
