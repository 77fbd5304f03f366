-- Forgets a counter of tries.
-- KEYS[1] its rate, KEYS[2] its row
-- Returns: how many there were

return redis.call('DEL', KEYS[1], KEYS[2])
