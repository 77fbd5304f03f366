-- Takes or extends a lease. One that lapsed is free for all, for its last holder too; each taking
-- of a free one has a fence above all before, also after the store was rolled back. A failover frees
-- it: what its holder has read is of another history than what he would write.
-- KEYS[1] lease
-- ARGV[1] holder  [2] ttl, ms
-- Returns: the fence; nil when another holds it

local held = redis.call('HMGET', KEYS[1], 'holder', 'fence', 'until', 'history')
local free = not held[1] or natural(held[3], KEYS[1], 'until') <= now_ms or held[4] ~= history()
if not free and held[1] ~= ARGV[1] then return nil end

local fence = natural(held[2] or '0', KEYS[1], 'fence')
if free then fence = math.max(fence + 1, now_ms) end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'fence', int(fence),
  'until', int(now_ms + tonumber(ARGV[2])), 'history', history())
return fence
