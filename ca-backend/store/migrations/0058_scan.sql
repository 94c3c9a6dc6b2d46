-- What is served where (docs/inventory.md, "Where they are served"): endpoints that a scan asked, and the certificates that they had
-- in turn. Neither table grants anything.
CREATE TABLE scan_endpoint (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	host       text NOT NULL,
	port       int NOT NULL,
	start      text NOT NULL,             -- "tls", or by STARTTLS: "smtp" ...
	sni        text NOT NULL,             -- "": none
	first_at   timestamptz NOT NULL DEFAULT now(),
	tried_at   timestamptz NOT NULL DEFAULT now(),
	error      text,                      -- of the last try; NULL: it had a certificate
	UNIQUE (host, port, start, sni)
);
-- A certificate for as long as it was served without another one in between.
CREATE TABLE scan_sighting (
	id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	endpoint_id    bigint NOT NULL REFERENCES scan_endpoint ON DELETE CASCADE,
	certificate_id bigint NOT NULL,
	first_seen     timestamptz NOT NULL DEFAULT now(),
	last_seen      timestamptz NOT NULL DEFAULT now(),
	is_current     boolean NOT NULL,      -- nothing else was seen there since
	chain          bigint[] NOT NULL,     -- certificates that were sent behind it; 0: not taken into the inventory
	verify         text NOT NULL          -- "ok", or why not
);
CREATE UNIQUE INDEX scan_sighting_current ON scan_sighting (endpoint_id) WHERE is_current;
CREATE INDEX scan_sighting_endpoint ON scan_sighting (endpoint_id, id);
CREATE INDEX scan_sighting_certificate ON scan_sighting (certificate_id);
