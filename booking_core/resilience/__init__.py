"""Living with a calendar that fails: what a failure means, when to try again, when to leave it alone."""
