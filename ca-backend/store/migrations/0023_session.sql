-- Log-ins of browsers: docs/sessions.md. Whoever can write this table can end a session, and neither make, change nor prolong one: mac.
CREATE TABLE session (
	id           bytea PRIMARY KEY CHECK (length(id) = 32), -- HMAC-SHA256 of the cookie: a reader of the table has no cookie
	kind         int NOT NULL,           -- who: enum requester_kind, name, DN and id of the entry, and his roles at log-in
	name         text NOT NULL,
	dn           text NOT NULL,
	directory_id text NOT NULL,
	roles        int NOT NULL,
	method       text NOT NULL CHECK (method IN ('password', 'certificate')),
	certificate  bytea,                  -- SHA-256 of the client certificate; NULL: by password
	mark         bytea NOT NULL,         -- HMAC-SHA256 of what a new password changes
	address      text NOT NULL,          -- where from, for the list
	created_at   timestamptz NOT NULL,   -- all times in whole seconds, by the clock of the node
	ends_at      timestamptz NOT NULL,   -- whatever is done in it
	used_at      timestamptz NOT NULL,
	mac          bytea NOT NULL
);
CREATE INDEX session_person ON session (lower(name), created_at);
CREATE INDEX session_ends ON session (ends_at);
