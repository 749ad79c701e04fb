"""How small numbers are protected: the partnership's policy, and the memory of what was released under it."""
