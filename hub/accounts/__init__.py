"""People: sign-in, roles, and the scope that follows from them."""
