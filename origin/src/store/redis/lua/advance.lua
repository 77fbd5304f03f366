-- Counts a change that brings no entry.
-- KEYS[1..3] block log (log.lua)
-- Returns: the epoch

return advance()
