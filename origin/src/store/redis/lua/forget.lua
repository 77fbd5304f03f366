-- Forgets a counter of tries.
-- KEYS[1] the counter
-- Returns: how many there were

return redis.call('DEL', KEYS[1])
