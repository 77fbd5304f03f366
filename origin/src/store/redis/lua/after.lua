-- The live ones of the next entries that came after an epoch, oldest change first.
-- KEYS[1..3] block log (log.lua)  KEYS[4] cutoff, ms
-- ARGV[1] the epoch  [2] how many to look at
-- Returns: {epoch, now in s, cutoff in ms or 0, epoch to go on from or 0 at the end of the log,
--           {id, expiry in s, epoch, id, expiry, epoch, …}}

local entries, next = {}, 0
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES',
  'LIMIT', 0, ARGV[2])
if #found == 2 * tonumber(ARGV[2]) then next = tonumber(found[#found]) end
for i = 1, #found, 2 do
  local expires = tonumber(redis.call('ZSCORE', KEYS[3], found[i]) or '0')
  if expires > now_s then
    local n = #entries
    entries[n + 1], entries[n + 2] = found[i], int(expires)
    entries[n + 3] = int(tonumber(found[i + 1]))
  end
end
return { epoch(), now_s, cutoff(KEYS[4]), next, entries }
