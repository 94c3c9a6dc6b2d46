-- Lists by what is rare must not look at what is frequent. Partial where nearly all rows are of the usual kind: an
-- enrollment pays for certificate_template, certificate_valid and audit_actor alone. tests/e2e/test_queries.py looks at the plans.

CREATE INDEX certificate_template ON certificate (lower(template), id);
-- Two partial ones and not (status, id): the planner knows that the rows lie in the order of their ids.
CREATE INDEX certificate_valid ON certificate (id) WHERE status = 20;
CREATE INDEX certificate_revoked ON certificate (id) WHERE status = 21;
CREATE INDEX revocation_hold ON revocation (certificate_id) WHERE reason = 6;

DROP INDEX request_pending;
CREATE INDEX request_not_issued ON request (disposition, id) WHERE disposition <> 20;

CREATE INDEX audit_actor ON audit (lower(actor), id);
CREATE INDEX audit_event ON audit (event, id) WHERE event <> 'enroll.issued';
CREATE INDEX audit_failure ON audit (id) WHERE outcome = 'failure';
