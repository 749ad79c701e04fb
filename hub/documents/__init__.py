"""One document, and the writers of every form in which it is taken away. Pure: no database, no viewer, no Flask."""
