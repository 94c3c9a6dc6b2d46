-- A message to one address, from a row of notification. docs/notifications.md
CREATE TABLE delivery (
	id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	uuid            uuid NOT NULL DEFAULT gen_random_uuid(), -- tells a message from its repetition: Message-ID, webhook header
	notification_id bigint NOT NULL REFERENCES notification ON DELETE CASCADE,
	channel         text NOT NULL CHECK (channel IN ('mail', 'webhook')),
	address         text NOT NULL,            -- of e-mail; or name of the webhook
	name            text NOT NULL DEFAULT '',
	language        text NOT NULL DEFAULT '',
	state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
	attempts        int NOT NULL DEFAULT 0,   -- an attempt counts when it begins
	next_at         timestamptz NOT NULL DEFAULT now(), -- also the end of the lease of whoever sends it now
	last_error      text,
	since           timestamptz NOT NULL DEFAULT now(), -- begin of the time after which it is dead
	created_at      timestamptz NOT NULL DEFAULT now(),
	ended_at        timestamptz
);
CREATE UNIQUE INDEX delivery_once ON delivery (notification_id, channel, lower(address));
CREATE INDEX delivery_due ON delivery (channel, next_at, id) WHERE state = 'waiting';
CREATE INDEX delivery_recent ON delivery (channel, lower(address), ended_at) WHERE state = 'sent';
CREATE INDEX delivery_dead ON delivery (id) WHERE state = 'dead';

-- How many ended how, for ever: rows of delivery are removed with their notification.
CREATE TABLE delivery_count (
	channel text NOT NULL,
	state   text NOT NULL,
	n       bigint NOT NULL,
	PRIMARY KEY (channel, state)
);
INSERT INTO delivery_count SELECT c, s, 0 FROM unnest(ARRAY['mail', 'webhook']) c, unnest(ARRAY['sent', 'dead']) s;
CREATE FUNCTION delivery_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE delivery_count SET n = n + 1 WHERE channel = NEW.channel AND state = NEW.state;
	RETURN NULL;
END $$;
CREATE TRIGGER delivery_ended AFTER UPDATE OF state ON delivery
	FOR EACH ROW WHEN (OLD.state = 'waiting' AND NEW.state <> 'waiting') EXECUTE FUNCTION delivery_ended();

-- queued: it has deliveries, each with its own state. failed: nobody was told, see error.
ALTER TABLE notification DROP CONSTRAINT notification_state_check;
ALTER TABLE notification ADD CONSTRAINT notification_state_check CHECK (state IN ('waiting', 'queued', 'sent', 'failed'));
ALTER TABLE notification ADD COLUMN error text;
