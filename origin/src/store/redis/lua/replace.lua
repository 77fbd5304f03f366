-- Keeps segments and puts the manifest of all of them in the place of the one before, while the
-- lease has this fence, on the server that gave it.
-- KEYS[1] lease  KEYS[2] manifest  KEYS[3..] the new segments
-- ARGV[1] fence  [2] manifest  [3] expiry of the first segment, s  [4] its content  [5..] the others
-- Returns: 1 when it was done, 0 when the lease has another fence, has lapsed, or is of another server

local held = redis.call('HMGET', KEYS[1], 'fence', 'until', 'history')
if not held[1] or natural(held[1], KEYS[1], 'fence') ~= tonumber(ARGV[1])
  or natural(held[2], KEYS[1], 'until') <= now_ms or held[3] ~= history() then
  return 0
end
for i = 3, #KEYS do
  redis.call('SET', KEYS[i], ARGV[2 * i - 2], 'EXAT', ARGV[2 * i - 3])
end
redis.call('SET', KEYS[2], ARGV[2])
return 1
