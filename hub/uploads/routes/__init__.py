"""The pages of uploads: the steps from file to live data, the workbench of a check, and the versions they become."""

from hub.uploads.routes import bench, pieces, steps, templates, versions
from hub.uploads.routes.address import bp

__all__ = ["bench", "bp", "pieces", "steps", "templates", "versions"]
