-- Remembers a spot, and forgets what failed there.
-- KEYS[1] spot, a row
-- ARGV[1] how long it is remembered, ms
-- Returns: 1

remember(KEYS[1], ARGV[1])
return 1
