"""What `hub check` proves of the maps: on the fictional city, where the truth is known, and on what is live."""
