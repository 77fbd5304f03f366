-- Revokes one session: blocks its tokens and marks it. Its first reason stays.
-- KEYS[1..3] block log (log.lua)  KEYS[4] session
-- ARGV[1] sid  [2] reason  [3] retain, s
-- Returns: the epoch

local at = block(ARGV[1], tonumber(ARGV[3]))
if redis.call('EXISTS', KEYS[4]) == 1 then redis.call('HSETNX', KEYS[4], 'ended', ARGV[2]) end
return at
