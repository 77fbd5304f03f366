-- Revokes every session of a subject that is not revoked yet, but one.
-- KEYS[1..3] block log (log.lua)  KEYS[4] the subject's sessions  KEYS[5] cutoff, ms
-- ARGV[1] what the key of a session begins with (the sid follows; it lies in the slot of KEYS)
--     [2] reason  [3] retain, s  [4] the sid that stays, '' for none
-- Returns: the epoch

local before = cutoff(KEYS[5])
for _, sid in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
  local key = ARGV[1] .. sid
  if redis.call('EXISTS', key) == 0 then
    redis.call('ZREM', KEYS[4], sid)
  elseif sid ~= ARGV[4] and redis.call('HEXISTS', key, 'ended') == 0 then
    -- Who is cut off is refused everywhere already.
    if not is_cut_off(sid, before) then block(sid, tonumber(ARGV[3])) end
    redis.call('HSET', key, 'ended', ARGV[2])
  end
end
return epoch()
