"""Who looked at, took away or changed what in a borough, when and why: read by those who look after it."""
