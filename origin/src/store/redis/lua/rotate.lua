-- Judges a presented refresh token as common::rotation::judge does, row for row, and keeps what
-- follows from it: one step, one round trip.
-- KEYS[1..3] block log (log.lua)  KEYS[4] session  KEYS[5] cutoff, ms
--     [6] there when the account of the session changed lately
-- ARGV[1] sid  [2] generation  [3] jti  [4] device, '' when unknown  [5] next jti
--     [6] jitter, permille  [7] grace window, ms  [8] late retry, ms
--     [9] retain, s  [10] remembered, s  [11] user agent  [12] place, '' when unknown
--     [13] id of the next access token, '' when the one before lives on  [14] how long after the one before
--     was made that comes again in its place, ms
-- Returns lines: rotate|repeat|replace|heal, account changed (0|1), then the session as `answer` in
--          session.lua writes it, with the epoch when an access token was ended;
--       or expired|revoked|forked|reused-other-device|reused-concurrent|reused-late, and the epoch

local sid, generation, jti, device, next_jti = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local jitter, window, late_retry = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local retain, remembered = tonumber(ARGV[9]), tonumber(ARGV[10])

local function judge(held)
  if not held then return 'expired' end
  if held.ended or is_cut_off(sid, cutoff(KEYS[5])) then return 'revoked' end
  if now_s >= held.idle_end or now_s >= held.absolute_end then return 'expired' end
  if generation > held.generation then return 'heal' end
  if generation == held.generation then
    return jti == held.jti and 'rotate' or 'forked'
  end

  local age = math.max(0, now_ms - held.rotated_at)
  local same_device = device ~= '' and device == held.device
  if jti == held.previous then
    if age <= window then return 'repeat' end
    if same_device and age <= late_retry then return 'replace' end
  end
  if not same_device then return 'reused-other-device' end
  return age <= window and 'reused-concurrent' or 'reused-late'
end

local function live(word, held, at)
  return word .. '\n' .. int(redis.call('EXISTS', KEYS[6])) .. '\n' .. answer(sid, held, at)
end

local function over(word, at)
  return word .. '\n' .. int(at)
end

local held = session(KEYS[4])
local judgement = judge(held)

-- Revoked means blocked: there is nothing to add, and whoever keeps presenting a dead token cannot
-- make every edge fetch a new head.
if judgement == 'revoked' then return over(judgement, epoch()) end
if judgement == 'expired' then return over(judgement, block_once(sid, retain)) end
if judgement == 'repeat' then return live(judgement, held) end

if judgement == 'rotate' or judgement == 'replace' or judgement == 'heal' then
  -- The presented token is the previous one by now, whichever judgement led here.
  if judgement ~= 'replace' then held.generation = generation + 1 end
  held.jti, held.previous = next_jti, jti
  held.device, held.rotated_at = device, now_ms
  held.agent, held.place = ARGV[11], ARGV[12]
  held.idle_end = idle_end(held.idle, jitter, held.absolute_end)
  local at = 0
  if ARGV[13] ~= '' then
    local age = held.access and now_ms - (held.access_at or 0)
    if not age or age < 0 or age >= tonumber(ARGV[14]) or is_blocked(held.access) then
      if age then at = block(held.access, retain) end
      held.access, held.access_at = ARGV[13], now_ms
    end
  else
    held.access, held.access_at = nil, nil
  end
  keep(KEYS[4], held, remembered)
  return live(judgement, held, at)
end

local at = block(sid, retain)
mark_ended(KEYS[4], held, judgement)
return over(judgement, at)
