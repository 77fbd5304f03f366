-- Counts a change that brings no entry.
-- KEYS[1..3] block log (log.lua)
-- ARGV[1] an epoch that the new one must be above
-- Returns: the epoch

return advance(tonumber(ARGV[1]))
