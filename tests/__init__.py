"""The tests of the hub. A package of its own, since a package that the tests use installs one of the same name."""
