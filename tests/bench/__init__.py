"""Performance, as ratios measured in one run: `./portal bench`."""
