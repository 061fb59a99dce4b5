"""The web layer: steps of the story become pages, requests become calls of the story."""
