-- Put in front of every script that ends the sessions of a subject, after clock, log and session.

-- Revokes every session in `index` that is not revoked yet, but the one that is `kept`. The key of a
-- session begins with `prefix`; the sid follows.
local function end_all(index, prefix, kept, reason, retain, before)
  for _, sid in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    local key = prefix .. sid
    local held = unpacked(key)
    if not held then
      redis.call('ZREM', index, sid)
    elseif sid ~= kept and not held.ended then
      -- Who is cut off is refused everywhere already.
      if not is_cut_off(sid, before) then block(sid, retain) end
      mark_ended(key, held, reason)
    end
  end
end
