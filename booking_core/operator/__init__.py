"""What a person at a terminal can ask of the core, and order it to do."""
