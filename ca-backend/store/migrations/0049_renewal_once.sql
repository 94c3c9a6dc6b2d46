-- Labels of EST that renew each certificate once (docs/est.md): SHA-256, in hex, of the TBSCertificate of the certificate that a
-- request is to follow: who has a signature of ECDSA can write another one that is as valid. Of two requests that come at once, on whatever
-- nodes, one is recorded.
ALTER TABLE request ADD COLUMN renews text;
CREATE UNIQUE INDEX request_renews ON request (renews) WHERE renews IS NOT NULL AND disposition IN (9, 20);
