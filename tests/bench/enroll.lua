-- wrk script: requests made beforehand, each sent once, or again from the first with BENCH_REPEAT=1. Environment:
--   BENCH_BODIES   files PREFIX.1, PREFIX.2 ... for the threads; a line is SIGNATURE TAB BODY, or
--                  SIGNATURE TAB BODY TAB AUTHORIZATION
--   BENCH_PATH     path to post to
--   BENCH_HEADERS  "Name: value" lines, separated by \n; BENCH_SIGNED=1 adds X-CSS-CMS-Signature
--   BENCH_RESULT   file that receives the result as JSON
local threads = 0

function setup(thread)
	threads = threads + 1
	thread:set("number", threads)
end

function init(args)
	bodies = assert(io.open(os.getenv("BENCH_BODIES") .. "." .. number, "r"))
	path = os.getenv("BENCH_PATH")
	signed = os.getenv("BENCH_SIGNED") == "1"
	repeats = os.getenv("BENCH_REPEAT") == "1"
	headers = {}
	for name, value in string.gmatch(os.getenv("BENCH_HEADERS") .. "\n", "([^:\n]+): ([^\n]*)\n") do
		headers[name] = value
	end
end

function request()
	local line = bodies:read("*l")
	if line == nil and repeats then
		bodies:seek("set")
		line = bodies:read("*l")
	end
	if line == nil then
		io.stderr:write("wrk: out of prepared requests\n")
		os.exit(3)
	end
	local tab = string.find(line, "\t", 1, true)
	if signed then
		headers["X-CSS-CMS-Signature"] = string.sub(line, 1, tab - 1)
	end
	local body = string.sub(line, tab + 1)
	local second = string.find(body, "\t", 1, true)
	if second then
		headers["Authorization"] = string.sub(body, second + 1)
		body = string.sub(body, 1, second - 1)
	end
	return wrk.format("POST", path, headers, body)
end

function done(summary, latency, requests)
	local f = assert(io.open(os.getenv("BENCH_RESULT"), "w"))
	f:write(string.format('{"requests":%d,"us":%d,"p50":%d,"p90":%d,"p99":%d,"max":%d,' ..
	    '"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\n',
	    summary.requests, summary.duration, latency:percentile(50), latency:percentile(90),
	    latency:percentile(99), latency.max, summary.errors.status, summary.errors.connect,
	    summary.errors.read, summary.errors.write, summary.errors.timeout))
	f:close()
end
