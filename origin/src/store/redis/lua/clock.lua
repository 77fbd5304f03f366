-- Put in front of every script that needs the time.

-- The store's clock; Redis holds it still while a script runs.
local time = redis.call('TIME')
local now_s = tonumber(time[1])
local now_ms = now_s * 1000 + math.floor(tonumber(time[2]) / 1000)

-- A whole number as text: Lua's own tostring would write 1.8e+12. Up to 2^53, as all of ours are.
local function int(number)
  return string.format('%d', number)
end

-- Ends the script: the store holds something that no script of ours wrote.
local function corrupt(key, what)
  error({ err = 'CORRUPT ' .. key .. ': ' .. what })
end

-- The whole number in `text`, which lies in `what` of `key`.
local function natural(text, key, what)
  if not string.match(text or '', '^%d+$') then corrupt(key, what) end
  return tonumber(text)
end

-- Names this server's history: a replica that is promoted begins another one.
local function history()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)') or ''
end

-- The time, in ms, before which no session that began is alive; 0 when there is none.
local function cutoff(key)
  local time = redis.call('GET', key)
  return time and natural(time, key, 'no time') or 0
end
