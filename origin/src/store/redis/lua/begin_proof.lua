-- Counts a try to prove who one is as failed, if there is room: for the network, and for the spot if it
-- is known, or else for strangers.
-- KEYS[1] network, a rate  [2] strangers, a row  [3] spot, a row
-- ARGV[1] step, ms  [2] span, ms  [3] free  [4] first wait, ms  [5] longest, ms  [6] most  [7] memory, ms
-- Returns: 0, or how long to wait, ms

local step = tonumber(ARGV[1])
local counting = KEYS[redis.call('EXISTS', KEYS[3]) == 1 and 3 or 2]
local memory = tonumber(ARGV[7])
local wait = math.max(rate_wait(KEYS[1], step, tonumber(ARGV[2])),
  row_wait(counting, tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), memory))
if wait > 0 then return wait end

rate_count(KEYS[1], step)
redis.call('HINCRBY', counting, 'count', 1)
redis.call('HSET', counting, 'at', int(now_ms))
-- A spot is remembered for longer than what failed there.
if redis.call('PTTL', counting) < memory then redis.call('PEXPIRE', counting, int(memory)) end
return 0
