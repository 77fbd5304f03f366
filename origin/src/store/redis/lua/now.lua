-- The time for a session that begins: not before the last cutoff.
-- KEYS[1] cutoff, ms
-- Returns: ms

return math.max(now_ms, cutoff(KEYS[1]))
