-- Asks with the tokens of a file, one connection after the other; the answer to most holds the next token.
-- wrk -s load.lua URL -- FILE once|again METHOD HEADERS BODY, where %s in HEADERS or BODY is the token.

local head, body
local tokens, first, last = {}, 1, 0

local function keep(token)
  last = last + 1
  tokens[last] = token
end

function init(args)
  for token in io.lines(args[1]) do
    keep(token)
  end
  once = args[2] == "once"
  head = args[3] .. " " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port .. "\r\n" .. args[4]
  body = args[5]
  if not once then
    -- Without it wrk does not take answers apart.
    response = nil
  end
end

function request()
  -- With none left, the answer is a refusal, and counts as one.
  local token = tokens[first] or "none"
  if first <= last then
    tokens[first] = nil
    first = first + 1
  end
  if not once then
    keep(token)
  end
  -- A text in its place could have signs that mean something to gsub.
  local function put() return token end
  local text = body:gsub("%%s", put)
  local length = text == "" and "" or "Content-Length: " .. #text .. "\r\n"
  return head:gsub("%%s", put) .. length .. "\r\n" .. text
end

function response(status, headers, body)
  local successor = body:match('"refresh_token":"([^"]+)"')
  if successor then
    keep(successor)
  end
end

function done(summary)
  local failed = summary.errors
  io.write(string.format(
    '\nsummary {"requests":%d,"micros":%d,"broken":%d,"refused":%d}\n',
    summary.requests, summary.duration,
    failed.connect + failed.read + failed.write + failed.timeout, failed.status))
end
