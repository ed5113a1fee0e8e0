"""One probe run on Locust: open-model arrivals of checks and journeys, ended by a verdict."""
