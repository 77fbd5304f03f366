-- Gives a lease back, if it is still the caller's.
-- KEYS[1] lease
-- ARGV[1] holder
-- Returns: 1 when it was the caller's

if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'until', '0')
return 1
