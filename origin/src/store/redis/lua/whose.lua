-- Whose session this is, and whether it lives.
-- KEYS[1] session  KEYS[2] cutoff, ms
-- ARGV[1] sid
-- Returns: {subject, 1 when it lives or 0}; nil when there is none, or none that can be read

local held = unpacked(KEYS[1])
if not held or type(held.subject) ~= 'string' then return nil end
local over = held.ended or is_cut_off(ARGV[1], cutoff(KEYS[2]))
  or now_s >= (tonumber(held.idle_end) or 0) or now_s >= (tonumber(held.absolute_end) or 0)
return { held.subject, over and 0 or 1 }
