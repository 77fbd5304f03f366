-- The live sessions of a subject.
-- KEYS[1] the subject's sessions  KEYS[2] cutoff, ms
-- ARGV[1] what the key of a session begins with (the sid follows; it lies in the slot of KEYS)
-- Returns: a list of sessions, as `answer` in session.lua writes them

local live, before = {}, cutoff(KEYS[2])
for _, sid in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local held = session(ARGV[1] .. sid)
  if held and not held.ended and now_s < held.idle_end and now_s < held.absolute_end
    and not is_cut_off(sid, before) then
    live[#live + 1] = answer(sid, held)
  end
end
return live
