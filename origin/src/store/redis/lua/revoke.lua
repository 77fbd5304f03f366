-- Revokes one session: blocks its tokens and marks it. Its first reason stays.
-- KEYS[1..3] block log (log.lua)  KEYS[4] session  KEYS[5] cutoff, ms
-- ARGV[1] sid  [2] reason  [3] retain, s
-- Returns: the epoch

local sid, retain = ARGV[1], tonumber(ARGV[3])
-- Cut off means refused everywhere: an entry for each would make of one number in the head a million.
if string.sub(sid, 15, 15) == '7' and is_cut_off(sid, cutoff(KEYS[5])) then return epoch() end
local held = unpacked(KEYS[4])
-- No token was made for it since it was blocked: to ask again is no news.
if not held or held.ended then return block_once(sid, retain) end
local at = block(sid, retain)
mark_ended(KEYS[4], held, ARGV[2])
return at
