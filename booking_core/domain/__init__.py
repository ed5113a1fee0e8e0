"""What a booking is: models, rules, errors, events and ports. Standard library only."""
