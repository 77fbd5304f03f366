-- Put in front of every script that reads or makes a session, after clock.lua. A session is a hash:
--   subject, generation, jti, previous, device ('' when unknown), remember (0|1),
--   idle (the span that each use gives, s), rotated_at (ms), idle_end (s), absolute_end (s),
--   ended (why it was revoked; absent while it was not),
--   agent, place (of its last use; '' when unknown, absent in sessions of older versions),
--   access (id of its latest access token; absent unless the one before is to end with a new one)

-- The session at `key`, nil when there is none.
local function session(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return nil end
  local held = {}
  for i = 1, #flat, 2 do held[flat[i]] = flat[i + 1] end
  for _, field in ipairs({ 'generation', 'idle', 'rotated_at', 'idle_end', 'absolute_end' }) do
    held[field] = natural(held[field], key, field)
  end
  for _, field in ipairs({ 'subject', 'jti', 'device', 'remember' }) do
    if not held[field] then corrupt(key, field) end
  end
  return held
end

-- Whether a session began before a cutoff, by the time in its id (a UUIDv7), ms.
local function is_cut_off(sid, cutoff)
  return tonumber(string.sub(sid, 1, 8) .. string.sub(sid, 10, 13), 16) < cutoff
end

-- When a session that is used now dies unless it is used again.
local function idle_end(idle, jitter_permille, absolute_end)
  return math.min(now_s + math.floor(idle * (1000 - jitter_permille) / 1000), absolute_end)
end

-- A session as scripts answer it; `at` is the epoch of what was blocked, 0 for nothing.
local function answer(word, sid, held, at)
  return {
    word, sid, held.subject, int(held.generation), held.jti, int(held.rotated_at),
    int(held.idle_end), int(held.absolute_end), held.remember,
    held.agent or '', held.place or '', held.access or '', int(at or 0),
  }
end
