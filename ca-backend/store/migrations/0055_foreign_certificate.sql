-- Certificates from elsewhere (docs/inventory.md): status 12, of an issuer that has no row in ca. Its number is negative, so that
-- nothing that asks for what one of our CAs has issued finds them; and nobody can be told by us that one is revoked.
CREATE TABLE foreign_issuer (
	id          bigint GENERATED ALWAYS AS IDENTITY (START WITH -1 INCREMENT BY -1) PRIMARY KEY CHECK (id < 0),
	subject     text NOT NULL,
	name_sha256 bytea NOT NULL,           -- of the Name, as the certificate has it
	key_id      bytea NOT NULL,           -- tells issuers of one name apart: store/inventory/foreign_cert.h
	created_at  timestamptz NOT NULL DEFAULT now(),
	UNIQUE (name_sha256, key_id)
);
ALTER TABLE certificate ADD CONSTRAINT certificate_is_foreign CHECK ((status = 12) = (ca_id < 0)) NOT VALID;
ALTER TABLE revocation ADD CONSTRAINT revocation_is_ours CHECK (ca_id >= 0) NOT VALID;
CREATE INDEX certificate_foreign ON certificate (id) WHERE status = 12;

-- Of a certificate from elsewhere nobody is known who asked for it: officers hear of its end.
CREATE OR REPLACE FUNCTION certificate_tell(event text, cert_id bigint, more jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO notification (event, audience, recipient, recipient_id, recipient_kind, language, object, facts)
	SELECT event, t.audience, t.name, t.id, t.kind, t.language, 'certificate ' || c.id, jsonb_strip_nulls(jsonb_build_object(
	    'certificate_id', c.id, 'request', nullif(c.request_id, 0), 'serial', hex_upper(c.serial), 'subject', c.subject,
	    'template', c.template, 'requester', nullif(c.requester, ''), 'not_after', iso_utc(c.not_after)) || more)
	FROM certificate c LEFT JOIN request r ON r.id = c.request_id
	  CROSS JOIN LATERAL (SELECT 'requester' AS audience, c.requester AS name, coalesce(r.requester_id, '') AS id,
	      r.requester_kind AS kind, left(coalesce(r.language, ''), 35) AS language WHERE r.requester_kind IN (1, 2)
	    UNION ALL SELECT 'officers', '', '', NULL, '' WHERE c.status = 12
	    UNION ALL SELECT 'group', g, '', NULL, '' FROM template_tells(c.template, event) g) t
	WHERE c.id = cert_id AND (c.request_id <> 0 OR c.status = 12) $$;
