-- Which ids are blocked now.
-- KEYS[1..3] block log (log.lua)  KEYS[4] cutoff, ms
-- ARGV ids
-- Returns: those of them that are

local found, before = {}, cutoff(KEYS[4])
for _, id in ipairs(ARGV) do
  local expires = redis.call('ZSCORE', KEYS[3], id)
  -- A token's id bears no time; its session's, a UUIDv7, does.
  local began_before = string.sub(id, 15, 15) == '7' and is_cut_off(id, before)
  if began_before or (expires and tonumber(expires) > now_s) then found[#found + 1] = id end
end
return found
