"""Rules, routes, runbooks and the on-call receiver."""
