-- Put in front of every script that ends sessions of a subject, after clock, log and session.

-- Ends a session, `held` at `key`, and takes it off `index`: that lists what can still be ended.
local function end_listed(index, sid, key, held, reason, retain)
  block(sid, retain)
  mark_ended(key, held, reason)
  redis.call('ZREM', index, sid)
end

-- Revokes every session in `index` that is not revoked yet, but the one that is `kept`. The key of a
-- session begins with `prefix`; the sid follows. Answers how many.
local function end_all(index, prefix, kept, reason, retain, before)
  local count = 0
  for _, sid in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    local key = prefix .. sid
    local held = unpacked(key)
    if not held or held.ended then
      redis.call('ZREM', index, sid)
    elseif sid ~= kept and is_cut_off(sid, before) then
      -- Who is cut off is refused everywhere already.
      mark_ended(key, held, reason)
      redis.call('ZREM', index, sid)
    elseif sid ~= kept then
      end_listed(index, sid, key, held, reason, retain)
      count = count + 1
    end
  end
  return count
end

-- Makes room for `kept`: of the others in `index`, those end that were unused for longest, and first those
-- that are past their end, whose access tokens may live on, until `most` are left with it. What is over
-- already is taken off, so the index is never longer than that. Answers the sids that ended.
local function make_room(index, prefix, kept, most, retain, remembered, before)
  local others, ended = {}, {}
  for _, sid in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    local held = sid ~= kept and unpacked(prefix .. sid)
    -- One that cannot be read ends first.
    local idle_end, last = held and tonumber(held.idle_end), 0
    if held == nil or held and (held.ended or is_cut_off(sid, before))
      or idle_end and idle_end + remembered <= now_s then
      redis.call('ZREM', index, sid)
    elseif held then
      if idle_end and now_s < idle_end then last = tonumber(held.rotated_at) or 0 end
      others[#others + 1] = { sid = sid, held = held, last = last }
    end
  end
  table.sort(others, function(a, b)
    if a.last ~= b.last then return a.last > b.last end
    return a.sid > b.sid
  end)
  for i = most, #others do
    local sid = others[i].sid
    end_listed(index, sid, prefix .. sid, others[i].held, 'superseded', retain)
    ended[#ended + 1] = sid
  end
  return ended
end
