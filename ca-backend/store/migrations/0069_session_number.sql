-- Lists of log-ins go on from a row: its number, in the order in which they began.
ALTER TABLE session ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX session_number ON session (number);
