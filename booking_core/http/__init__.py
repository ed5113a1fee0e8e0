"""HTTP: one router per kind of caller. Handlers translate; the services decide."""
