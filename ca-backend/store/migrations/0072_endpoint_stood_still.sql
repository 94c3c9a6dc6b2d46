-- An endpoint with which the process that asks got nowhere in time, which is not to have ended it. The next scan asks both last.
ALTER TABLE scan_endpoint ADD COLUMN stood_still boolean NOT NULL DEFAULT false;
