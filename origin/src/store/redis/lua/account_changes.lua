-- Remembers that an account changes, for as long as anybody wanted.
-- KEYS[1] there when the account changed lately
-- ARGV[1] for how long that is told, s
-- Returns: 1

local told = tonumber(ARGV[1])
if redis.call('TTL', KEYS[1]) < told then redis.call('SET', KEYS[1], '', 'EX', told) end
return 1
