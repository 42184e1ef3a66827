"""From delivered files to a published edition, one module a step."""
