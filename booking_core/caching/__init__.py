"""What is remembered in Redis for a while, wrapped around ports: the business never sees it.

Nothing here is believed for a write: the database checks every remembered fact in the very statement that uses it. So
a cache that is away, empty or wrong makes a booking slower, never untrue.
"""
