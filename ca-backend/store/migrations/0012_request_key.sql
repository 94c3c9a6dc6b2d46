-- A private key that came with a request for a certificate: pending until that is decided, then active with the certificate, or gone.
ALTER TABLE archived_key ADD COLUMN request_id bigint; -- request.id
ALTER TABLE archived_key DROP CONSTRAINT archived_key_state_check;
ALTER TABLE archived_key ADD CONSTRAINT archived_key_state_check CHECK (state IN ('active', 'inactive', 'pending'));
ALTER TABLE archived_key ADD CONSTRAINT archived_key_pending_check CHECK (state <> 'pending' OR (request_id IS NOT NULL AND certificate_id IS NULL));
CREATE UNIQUE INDEX archived_key_request ON archived_key (request_id) WHERE request_id IS NOT NULL;
-- A key that waits holds its client id, so that the decision cannot fail on it.
DROP INDEX archived_key_client;
CREATE UNIQUE INDEX archived_key_client ON archived_key (owner, client_id) WHERE state IN ('active', 'pending') AND client_id <> '';
