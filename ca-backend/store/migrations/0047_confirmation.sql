-- Certificates whose client has to say that it took them (confirmCertAcceptance of CMC, RFC 5272, 6.11; docs/cmc.md).
-- Of a request: seconds that its client has for that; NULL: it need not. Under the MAC of a pending request.
ALTER TABLE request ADD COLUMN confirm_within bigint;
-- Of a certificate: what is not confirmed by then is revoked. NULL: nothing is to be confirmed. Grants nothing.
ALTER TABLE certificate ADD COLUMN confirm_by timestamptz;
CREATE INDEX certificate_confirm_by ON certificate (confirm_by) WHERE confirm_by IS NOT NULL;
