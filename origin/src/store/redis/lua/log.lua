-- Put in front of every script that touches the block log, after clock.lua.
-- KEYS[1] epoch  KEYS[2] blocked ids by epoch  KEYS[3] blocked ids by expiry, Unix seconds

-- The epoch of the last change.
local function epoch()
  return natural(redis.call('GET', KEYS[1]) or '0', KEYS[1], 'no epoch')
end

-- The next epoch, above `known`. It grows also when the store was rolled back: the time did not go
-- back with it.
local function advance(known)
  local next = math.max(epoch() + 1, now_ms, known + 1)
  redis.call('SET', KEYS[1], int(next))
  return next
end

-- Blocks `id` for `retain` seconds unless it is blocked for as long already.
local function block(id, retain)
  local expires = now_s + retain
  local known = redis.call('ZSCORE', KEYS[3], id)
  if known and tonumber(known) >= expires then return epoch() end
  local next = advance(0)
  redis.call('ZADD', KEYS[2], int(next), id)
  redis.call('ZADD', KEYS[3], int(expires), id)
  return next
end

-- Whether `id` is blocked now.
local function is_blocked(id)
  local known = redis.call('ZSCORE', KEYS[3], id)
  return known and tonumber(known) > now_s
end

-- Blocks `id` unless it is blocked now, for however long.
local function block_once(id, retain)
  if is_blocked(id) then return epoch() end
  return block(id, retain)
end
