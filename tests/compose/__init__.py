"""docker-compose.yml and the Dockerfile, held against the code that they start."""
