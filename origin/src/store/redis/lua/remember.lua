-- Remembers a spot, and forgets what failed there.
-- KEYS[1] spot, a row
-- ARGV[1] how long it is remembered, ms
-- Returns: 1

redis.call('HSET', KEYS[1], 'count', '0', 'at', int(now_ms))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
