-- Asks with the tokens of a file, one after the other: each `once`, or `again` and again from the first.
-- wrk -s load.lua URL -- FILE once|again

local requests, next = {}, 0

function init(args)
  once = args[2] == "once"
  for token in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format(nil, nil, {
      ["accept"] = "application/json",
      ["accept-encoding"] = "gzip, br",
      ["accept-language"] = "en-GB,en;q=0.9",
      ["user-agent"] = "portcullis-bench/1",
      ["authorization"] = "Bearer " .. token,
    })
  end
end

function request()
  next = next + 1
  if next > #requests then
    if once then
      wrk.thread:stop()
    end
    next = 1
  end
  return requests[next]
end

function done(summary)
  local failed = summary.errors
  io.write(string.format(
    '\nsummary {"requests":%d,"micros":%d,"broken":%d,"refused":%d}\n',
    summary.requests, summary.duration,
    failed.connect + failed.read + failed.write + failed.timeout, failed.status))
end
