-- Takes back a try of a rate.
-- KEYS[1] rate
-- ARGV[1] step, ms
-- Returns: 1

rate_uncount(KEYS[1], tonumber(ARGV[1]))
return 1
