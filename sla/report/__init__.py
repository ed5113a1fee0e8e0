"""The SLA report: what was promised for a period, what was kept, and what is not known."""
