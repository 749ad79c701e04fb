"""Sharing agreements: under what terms partners share data, and whether one is in force."""
