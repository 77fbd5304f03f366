-- Revokes every session of a subject that is not revoked yet, but one.
-- KEYS[1..3] block log (log.lua)  KEYS[4] the subject's sessions  KEYS[5] cutoff, ms
-- ARGV[1] what the key of a session begins with (the sid follows; it lies in the slot of KEYS)
--     [2] reason  [3] retain, s  [4] the sid that stays, '' for none
-- Returns: {the epoch, how many were revoked}

local count = end_all(KEYS[4], ARGV[1], ARGV[4], ARGV[2], tonumber(ARGV[3]), cutoff(KEYS[5]))
return { epoch(), count }
