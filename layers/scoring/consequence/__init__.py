"""What a release does: outflow, pools, clouds, fires, explosions, deaths; screening level (筛查), README.md has the method."""
