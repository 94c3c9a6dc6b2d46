-- Owners that metadata name are counted with the addresses in requests, before either is told.
DROP INDEX notification_written;
CREATE INDEX notification_written ON notification (lower(facts->>'requester'), created_at) WHERE audience IN ('address', 'requester');
