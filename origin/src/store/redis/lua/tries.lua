-- Put in front of every script that counts tries, after clock.lua.
-- A rate is the time, in ms, at which all its tries are forgotten. A row of failures is a hash: count, at
-- (ms, of the last one).

-- How long until another try has room, in ms; 0 when it has. `step` is how long one takes to be
-- forgotten, `span` what they may take together.
local function rate_wait(key, step, span)
  local full = natural(redis.call('GET', key) or '0', key, 'no time')
  return math.max(0, math.max(full, now_ms) + step - now_ms - span)
end

local function rate_count(key, step)
  local full = natural(redis.call('GET', key) or '0', key, 'no time')
  local next = math.max(full, now_ms) + step
  redis.call('SET', key, int(next), 'PXAT', int(next))
end

local function rate_uncount(key, step)
  local full = natural(redis.call('GET', key) or '0', key, 'no time') - step
  if full > now_ms then redis.call('SET', key, int(full), 'PXAT', int(full)) else redis.call('DEL', key) end
end

-- The failures in a row, and when the last one was.
local function row(key)
  local held = redis.call('HMGET', key, 'count', 'at')
  return natural(held[1] or '0', key, 'count'), natural(held[2] or '0', key, 'at')
end

-- How long until another failure may be risked, in ms.
local function row_wait(key, free, first, longest, most, memory)
  local count, at = row(key)
  if count < free then return 0 end
  local wait = count >= most and memory or math.min(first * 2 ^ math.min(count - free, 40), longest)
  return math.max(0, at + wait - now_ms)
end

-- Ends a row, and remembers it for so many ms.
local function remember(key, memory)
  redis.call('HSET', key, 'count', '0', 'at', int(now_ms))
  redis.call('PEXPIRE', key, memory)
end
