"""What a receptionist does, one class per responsibility; every effect goes through a port."""
