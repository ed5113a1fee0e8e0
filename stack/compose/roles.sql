-- The roles that log in, with the passwords that docker-compose.yml uses; what they may do stands in the migrations.
CREATE ROLE slotwatch_core LOGIN PASSWORD 'slotwatch_core' NOSUPERUSER NOBYPASSRLS;
CREATE ROLE slotwatch_sidecar LOGIN PASSWORD 'slotwatch_sidecar' NOSUPERUSER NOBYPASSRLS;
