"""The servers a benchmark needs, what they cost, and the order in which they are measured."""
