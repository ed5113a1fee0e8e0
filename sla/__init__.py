"""The promise, shared by every other package: targets, metrics, recorded series, addresses."""
