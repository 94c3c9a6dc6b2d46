-- What each EST client got, and what it answered (RFC 8295, 2.1: dates of the package list). Grants nothing.
CREATE TABLE package_delivery (
	client      text NOT NULL,              -- enroll/package/package_client.h
	object      text NOT NULL,              -- "package/7"
	client_name text NOT NULL,              -- for people
	first_at    timestamptz NOT NULL DEFAULT now(),
	last_at     timestamptz NOT NULL DEFAULT now(),
	downloads   integer NOT NULL DEFAULT 1,
	answer      text,                       -- "receipt", "confirmed" or "error"; null: none yet
	answer_code integer,
	is_signed   boolean,
	answered_at timestamptz,
	answer_der  bytea,                      -- as it came
	PRIMARY KEY (client, object)
);
CREATE INDEX package_delivery_object ON package_delivery (object, client);
