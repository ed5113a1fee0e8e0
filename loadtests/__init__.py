"""The outside world: everything that plays callers, Cal.com and bad luck."""
