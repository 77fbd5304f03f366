-- Drops entries that expired.
-- KEYS[1..3] block log (log.lua)
-- ARGV[1] how many at most: others wait meanwhile
-- Returns: how many

local dead = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', int(now_s), 'LIMIT', 0, ARGV[1])
for _, id in ipairs(dead) do
  redis.call('ZREM', KEYS[2], id)
  redis.call('ZREM', KEYS[3], id)
end
return #dead
