-- Blocks an id.
-- KEYS[1..3] block log (log.lua)
-- ARGV[1] id  [2] retain, s
-- Returns: the epoch

return block(ARGV[1], tonumber(ARGV[2]))
