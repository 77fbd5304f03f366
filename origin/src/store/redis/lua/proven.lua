-- A try did not fail: takes it off the network, ends the row that it counted in, remembers the spot.
-- KEYS[1] network, a rate  [2] strangers, a row  [3] spot, a row
-- ARGV[1] step, ms  [2] how long the spot is remembered, ms
-- Returns: 1

rate_uncount(KEYS[1], tonumber(ARGV[1]))

-- What strangers tried goes on counting, unless it was the owner who came as one.
if redis.call('EXISTS', KEYS[3]) == 0 then redis.call('DEL', KEYS[2]) end
remember(KEYS[3], ARGV[2])
return 1
