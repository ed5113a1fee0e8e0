"""The world outside, one driver per file; driver errors become domain errors here, once."""
