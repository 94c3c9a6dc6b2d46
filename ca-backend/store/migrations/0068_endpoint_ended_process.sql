-- An endpoint whose last try ended the process that asks (docs/inventory.md, "Who asks").
ALTER TABLE scan_endpoint ADD COLUMN ended_process boolean NOT NULL DEFAULT false;
CREATE INDEX scan_endpoint_ended_process ON scan_endpoint (id) WHERE ended_process;
