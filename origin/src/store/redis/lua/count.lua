-- Counts a try of a rate, if there is room.
-- KEYS[1] rate
-- ARGV[1] step, ms  [2] span, ms
-- Returns: 0, or how long to wait, ms

local wait = rate_wait(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))
if wait == 0 then rate_count(KEYS[1], tonumber(ARGV[1])) end
return wait
