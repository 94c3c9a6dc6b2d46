-- What is counted before an address that somebody wrote into a request is told; and below, addresses of local users.
CREATE INDEX delivery_written ON delivery (lower(address), created_at) WHERE channel = 'mail' AND name = '';
CREATE INDEX notification_written ON notification (lower(facts->>'requester'), created_at) WHERE audience = 'address';
-- Where local administrators are told of what happens; directory users have an entry.
CREATE TABLE admin_contact (
	user_id  bigint PRIMARY KEY REFERENCES admin_user ON DELETE CASCADE,
	email    text NOT NULL,
	language text NOT NULL,
	mac      bytea NOT NULL -- over all of it
);
