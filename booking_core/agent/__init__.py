"""The voice agent as Retell is told of it: prompts v1 and v2, and tools rendered from the functions' own schemas."""
