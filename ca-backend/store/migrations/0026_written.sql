-- What is counted before an address that somebody wrote into a request is told.
CREATE INDEX delivery_written ON delivery (lower(address), created_at) WHERE channel = 'mail' AND name = '';
CREATE INDEX notification_written ON notification (lower(facts->>'requester'), created_at) WHERE audience = 'address';
