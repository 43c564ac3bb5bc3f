"""The edge app: what an edge worker says and asks, and what an administrator of the workers does."""

from fake_api.edge.app import create_edge_app

__all__ = ["create_edge_app"]
