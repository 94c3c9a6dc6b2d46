-- Without a list of entries that wait: a long one makes the planner read the table instead.
ALTER INDEX scan_sighting_chain SET (fastupdate = off);
