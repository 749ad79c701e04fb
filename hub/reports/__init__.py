"""Reports of a borough: drafted from released figures, approved by somebody else, frozen, and taken away."""
