-- Put in front of every script that reads or makes a session, after clock.lua. A session is one value, a
-- map packed by cmsgpack: read and written in one piece, which takes half as long as a hash of its fields.
--   subject, generation, jti, previous (absent at first), device ('' when unknown), remember ('0'|'1'),
--   idle (the span that each use gives, s), rotated_at (ms), idle_end (s), absolute_end (s),
--   agent, place (of its last use; '' when unknown),
--   ended (why it was revoked; absent while it was not),
--   access (id of its latest access token; absent unless the one before is to end with a new one),
--   access_at (when that was made, ms)

-- What is at `key`: nil when there is nothing, an empty table when no script of ours wrote it. Good enough
-- to end it by, whatever else is wrong with it.
local function unpacked(key)
  local packed = redis.pcall('GET', key)
  if not packed then return nil end
  local read, held = pcall(cmsgpack.unpack, packed)
  return read and type(held) == 'table' and held or {}
end

-- The session at `key`, nil when there is none.
local function session(key)
  local held = unpacked(key)
  if not held then return nil end
  local text, number = 'string', 'number'
  if type(held.subject) ~= text or type(held.jti) ~= text or type(held.device) ~= text
    or type(held.remember) ~= text or type(held.agent) ~= text or type(held.place) ~= text then
    corrupt(key, 'subject, jti, device, remember, agent or place')
  end
  if type(held.generation) ~= number or type(held.idle) ~= number
    or type(held.rotated_at) ~= number or type(held.idle_end) ~= number
    or type(held.absolute_end) ~= number then
    corrupt(key, 'generation, idle, rotated_at, idle_end or absolute_end')
  end
  return held
end

-- Keeps a session, and what became of it for `remembered` seconds after its end.
local function keep(key, held, remembered)
  redis.call('SET', key, cmsgpack.pack(held), 'EXAT', int(held.idle_end + remembered))
end

-- Marks a session as revoked.
local function mark_ended(key, held, why)
  held.ended = why
  redis.call('SET', key, cmsgpack.pack(held), 'KEEPTTL')
end

-- Whether a session began before a cutoff, by the time in its id (a UUIDv7), ms.
local function is_cut_off(sid, cutoff)
  return cutoff > 0 and tonumber(string.sub(sid, 1, 8) .. string.sub(sid, 10, 13), 16) < cutoff
end

-- When a session that is used now dies unless it is used again.
local function idle_end(idle, jitter_permille, absolute_end)
  return math.min(now_s + math.floor(idle * (1000 - jitter_permille) / 1000), absolute_end)
end

-- A session as scripts answer it, a line for each field; `at` is the epoch of what was blocked, 0 for
-- nothing. One text is read in a fraction of the time that a list of texts takes, and no field has a
-- line feed in it.
local function answer(sid, held, at)
  return table.concat({
    sid, held.subject, int(held.generation), held.jti, int(held.rotated_at), int(held.idle_end),
    int(held.absolute_end), held.remember, held.agent, held.place, held.access or '', int(at or 0),
  }, '\n')
end
