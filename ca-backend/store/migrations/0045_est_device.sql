-- Devices that EST knows (docs/est-devices.md): by the serial number that their manufacturer gave them, with the names that they get here. Rows have
-- MACs (store/grant/grant_table.c): who writes the database lists no device, and enables none.
CREATE TABLE est_device (
	id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	serial   text NOT NULL,     -- printable ASCII, as enroll/catalog/listed_device.h has it
	anchor   text NOT NULL,     -- its manufacturer: SHA-256 of the CA's public key, hex; '': any
	spki     text,              -- of its own public key; null: any
	labels   text,              -- "phones routers"; null: any
	subject  text,              -- that it gets; null: that of its request
	san      text,              -- "dns:a.example ip:10.0.0.1"
	est_user text,              -- who enrolls for it with a password
	enabled  boolean NOT NULL,
	expires  bigint,            -- UTC seconds; null: never
	note     text
);
CREATE UNIQUE INDEX est_device_serial ON est_device (lower(serial), anchor);
CREATE UNIQUE INDEX est_device_user ON est_device (lower(est_user));
CREATE TRIGGER est_device_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON est_device
	FOR EACH STATEMENT EXECUTE FUNCTION catalog_changed();

-- The listed device that a certificate is for; under the MAC of the request.
ALTER TABLE request ADD COLUMN device bigint;
