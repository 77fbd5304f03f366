-- Begins a session; where its subject has more than it may then, others end in the same step.
-- KEYS[1..3] block log (log.lua)  KEYS[4] session  KEYS[5] the subject's sessions, by when they can be
--     forgotten  KEYS[6] cutoff, ms
-- ARGV[1] sid  [2] subject  [3] jti  [4] device  [5] remember
--     [6] idle, s  [7] absolute, s  [8] jitter, permille  [9] remembered, s
--     [10] user agent  [11] place, '' when unknown  [12] id of its access token, '' when not kept
--     [13] how many sessions the subject may have, with this one  [14] retain, s, of those that end
--     [15] what the key of a session begins with
-- Returns lines: the sids of those that ended, between spaces; then the session as `answer` writes it,
--          with the epoch when some ended, or may have;
--       or nil when it is cut off already; the error CORRUPT when another session has this id

local sid, idle, remembered = ARGV[1], tonumber(ARGV[6]), tonumber(ARGV[9])
local most, before = tonumber(ARGV[13]), cutoff(KEYS[6])

if is_cut_off(sid, before) then return nil end

local function begun(held, ended, at)
  return table.concat(ended, ' ') .. '\n' .. answer(sid, held, at)
end

local held = session(KEYS[4])
if held then
  -- The same call a second time, after its answer was lost on the way.
  if held.jti == ARGV[3] and held.generation == 0 then return begun(held, {}, epoch()) end
  corrupt(KEYS[4], 'exists already')
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
  access = ARGV[12] ~= '' and ARGV[12] or nil,
  access_at = ARGV[12] ~= '' and now_ms or nil,
}
keep(KEYS[4], held, remembered)

-- Rotations need not touch the index: a session is gone from it once it must be dead.
redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', int(now_s))
redis.call('ZADD', KEYS[5], int(absolute_end + remembered), sid)
local last = redis.call('ZREVRANGE', KEYS[5], 0, 0, 'WITHSCORES')
redis.call('EXPIREAT', KEYS[5], int(tonumber(last[2])))

local ended = {}
if redis.call('ZCARD', KEYS[5]) > most then
  ended = make_room(KEYS[5], ARGV[15], sid, most, tonumber(ARGV[14]), remembered, before)
end
return begun(held, ended, #ended > 0 and epoch() or 0)
