"""Sharing across borders: one overlay for one person, asked for and granted; and who can see a thing, and why."""
