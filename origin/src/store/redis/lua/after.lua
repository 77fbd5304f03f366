-- The live entries that came after an epoch, oldest change first.
-- KEYS[1..3] block log (log.lua)
-- ARGV[1] the epoch
-- Returns: {epoch, now in s, {id, expiry in s, epoch, id, expiry, epoch, …}}

local entries = {}
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES')
for i = 1, #found, 2 do
  local expires = tonumber(redis.call('ZSCORE', KEYS[3], found[i]) or '0')
  if expires > now_s then
    local n = #entries
    entries[n + 1], entries[n + 2] = found[i], int(expires)
    entries[n + 3] = int(tonumber(found[i + 1]))
  end
end
return { epoch(), now_s, entries }
