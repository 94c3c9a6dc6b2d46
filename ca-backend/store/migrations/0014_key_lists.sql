-- Each filter of the lists of keys and key requests finds what is rare by an index.
CREATE INDEX archived_key_client_list ON archived_key (client_id, id) WHERE client_id <> '';
CREATE INDEX key_request_type ON key_request (type, id) WHERE type <> 'archival';
CREATE INDEX key_request_ended ON key_request (state, id) WHERE state IN ('rejected', 'canceled', 'expired', 'failed');
CREATE INDEX key_request_identity ON key_request ((coalesce(nullif(requester_id, ''), requester)), id);
