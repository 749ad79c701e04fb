"""Places: boroughs, BCUs, dated boundary sets, wards and populations. Public geography, not fenced."""
