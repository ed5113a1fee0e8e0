"""The on-call receiver: takes Alertmanager's notifications, times them, keeps the evidence, and notices silence."""
