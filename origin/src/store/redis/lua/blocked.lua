-- Which ids are blocked now.
-- KEYS[1..3] block log (log.lua)
-- ARGV ids
-- Returns: those of them that are

local found = {}
for _, id in ipairs(ARGV) do
  local expires = redis.call('ZSCORE', KEYS[3], id)
  if expires and tonumber(expires) > now_s then found[#found + 1] = id end
end
return found
