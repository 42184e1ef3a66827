"""The picture that stands for the map until a browser has drawn it; see README.md."""
