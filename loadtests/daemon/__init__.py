"""The probe daemon: keeps probes running as child processes, judges them all the time, publishes what they found."""
