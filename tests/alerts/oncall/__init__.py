"""The on-call receiver."""
