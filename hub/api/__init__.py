"""The way in for people's own scripts: tokens, and the addresses they open. The same services as the pages."""
