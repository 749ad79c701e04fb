"""How responses to problems are carried out: by patrols whose visits are counted, in phases, and from templates."""
