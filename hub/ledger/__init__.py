"""The statutory ledger: what the regulations say is due to each borough, what has come, and what is left to do."""
