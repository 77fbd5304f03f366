-- Begins a session.
-- KEYS[1] session  KEYS[2] the subject's sessions, by when they can be forgotten  KEYS[3] cutoff, ms
-- ARGV[1] sid  [2] subject  [3] jti  [4] device  [5] remember
--     [6] idle, s  [7] absolute, s  [8] jitter, permille  [9] remembered, s
--     [10] user agent  [11] place, '' when unknown
-- Returns: {'begun', ...session}; {} when it is cut off already;
--          the error CORRUPT when another session has this id

local sid, idle, remembered = ARGV[1], tonumber(ARGV[6]), tonumber(ARGV[9])

if is_cut_off(sid, cutoff(KEYS[3])) then return {} end

local held = session(KEYS[1])
if held then
  -- The same call a second time, after its answer was lost on the way.
  if held.jti == ARGV[3] and held.generation == 0 then return answer('begun', sid, held) end
  corrupt(KEYS[1], 'exists already')
end

local absolute_end = now_s + tonumber(ARGV[7])
held = {
  subject = ARGV[2],
  generation = 0,
  jti = ARGV[3],
  device = ARGV[4],
  remember = ARGV[5],
  idle = idle,
  rotated_at = now_ms,
  idle_end = idle_end(idle, tonumber(ARGV[8]), absolute_end),
  absolute_end = absolute_end,
  agent = ARGV[10],
  place = ARGV[11],
}
for field, value in pairs(held) do
  redis.call('HSET', KEYS[1], field, type(value) == 'number' and int(value) or value)
end
redis.call('EXPIREAT', KEYS[1], int(held.idle_end + remembered))

-- Rotations need not touch the index: a session is gone from it once it must be dead.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', int(now_s))
redis.call('ZADD', KEYS[2], int(absolute_end + remembered), sid)
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
redis.call('EXPIREAT', KEYS[2], int(tonumber(last[2])))

return answer('begun', sid, held)
