"""The sidecar: publishes what the booking core did, from its own process and crash domain."""
