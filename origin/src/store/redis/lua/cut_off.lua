-- Ends every session that has begun by now.
-- KEYS[1..3] block log (log.lua)  KEYS[4] cutoff, ms
-- Returns: the epoch

-- Above this millisecond: what began in it began before.
redis.call('SET', KEYS[4], int(math.max(cutoff(KEYS[4]), now_ms + 1)))
return advance(0)
