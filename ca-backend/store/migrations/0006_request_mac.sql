-- Of a pending request: what an officer decides on is what was asked. Of an issued one: whose certificate it is.
ALTER TABLE request ADD COLUMN mac bytea;
