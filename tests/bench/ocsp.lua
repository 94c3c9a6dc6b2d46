-- wrk script: OCSP requests, over and over. Environment:
--   BENCH_REQUESTS  file; each line one request in hexadecimal digits (POST) or a path (GET)
--   BENCH_METHOD    POST or GET
--   BENCH_NONCE     1: the last 16 bytes of a request are a nonce, new for each one
--   BENCH_RESULT    file that receives the result as JSON
local threads = 0

-- wrk tries an address by a connection without a request, of which `openssl ocsp` dies
function wrk.connect(address)
	return true
end

function setup(thread)
	threads = threads + 1
	thread:set("number", threads)
end

function init(args)
	ready, nonces, n, method = {}, os.getenv("BENCH_NONCE") == "1", 0, os.getenv("BENCH_METHOD")
	math.randomseed(number * 7919 + os.time())
	for line in io.lines(os.getenv("BENCH_REQUESTS")) do
		if method == "GET" then
			ready[#ready + 1] = wrk.format("GET", line)
		else
			local body = string.gsub(line, "..", function (h) return string.char(tonumber(h, 16)) end)
			ready[#ready + 1] = nonces and body or
			    wrk.format("POST", "/ocsp", {["Content-Type"] = "application/ocsp-request"}, body)
		end
	end
	n = math.random(#ready)
end

function request()
	n = n % #ready + 1
	if not nonces then
		return ready[n]
	end
	local nonce = {}
	for i = 1, 16 do
		nonce[i] = string.char(math.random(0, 255))
	end
	return wrk.format("POST", "/ocsp", {["Content-Type"] = "application/ocsp-request"},
	    string.sub(ready[n], 1, -17) .. table.concat(nonce))
end

function done(summary, latency, requests)
	local f = assert(io.open(os.getenv("BENCH_RESULT"), "w"))
	f:write(string.format('{"requests":%d,"us":%d,"p50":%d,"p99":%d,"status":%d,"connect":%d,"read":%d,' ..
	    '"write":%d,"timeout":%d}\n', summary.requests, summary.duration, latency:percentile(50),
	    latency:percentile(99), summary.errors.status, summary.errors.connect, summary.errors.read,
	    summary.errors.write, summary.errors.timeout))
	f:close()
end
