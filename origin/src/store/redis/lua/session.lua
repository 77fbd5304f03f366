-- Put in front of every script that reads or makes a session, after clock.lua. A session is a hash:
--   subject, generation, jti, previous, device ('' when unknown), remember (0|1),
--   idle (the span that each use gives, s), rotated_at (ms), idle_end (s), absolute_end (s),
--   ended (why it was revoked; absent while it was not),
--   agent, place (of its last use; '' when unknown, absent in sessions of older versions),
--   access (id of its latest access token; absent unless the one before is to end with a new one)

-- The session at `key`, nil when there is none. Read by name, and its numbers looked at in one go:
-- this is what takes longest in a rotation.
local function session(key)
  local subject, generation, jti, previous, device, remember, idle, rotated_at, idle_end,
    absolute_end, ended, agent, place, access = unpack(redis.call('HMGET', key, 'subject',
    'generation', 'jti', 'previous', 'device', 'remember', 'idle', 'rotated_at', 'idle_end',
    'absolute_end', 'ended', 'agent', 'place', 'access'))
  if not (subject and jti and device and remember) then
    if redis.call('EXISTS', key) == 0 then return nil end
    corrupt(key, 'subject, jti, device or remember')
  end
  local numbers = string.format('%s %s %s %s %s', tostring(generation), tostring(idle),
    tostring(rotated_at), tostring(idle_end), tostring(absolute_end))
  if not string.match(numbers, '^%d+ %d+ %d+ %d+ %d+$') then corrupt(key, numbers) end
  return {
    subject = subject, generation = tonumber(generation), jti = jti, previous = previous,
    device = device, remember = remember, idle = tonumber(idle),
    rotated_at = tonumber(rotated_at), idle_end = tonumber(idle_end),
    absolute_end = tonumber(absolute_end), ended = ended, agent = agent, place = place,
    access = access,
  }
end

-- Whether a session began before a cutoff, by the time in its id (a UUIDv7), ms.
local function is_cut_off(sid, cutoff)
  return cutoff > 0 and tonumber(string.sub(sid, 1, 8) .. string.sub(sid, 10, 13), 16) < cutoff
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
