-- The requests of load/workload.ts for wrk; arguments as generatorArguments() gives them. load/autocannon.mjs makes
-- the same ones.
local operation, items, count, theta, zeta, keyed
local skew, alpha, head
local host

-- As in YCSB (Gray et al., "Quickly generating billion-record synthetic databases", 1994).
local function zipf()
  local uniform = math.random()
  local scaled = uniform * zeta
  if scaled < 1 then return 0 end
  if scaled < head then return 1 end
  return math.floor(count * (skew * uniform - skew + 1) ^ alpha)
end

local function name()
  if theta > 0 then return 'counter-' .. zipf() end
  return 'counter-' .. math.random(0, count - 1)
end

local function word() return math.random(0, 4294967295) end

local function key()
  if not keyed then return '' end
  return string.format('Idempotency-Key: %08x-%08x-%08x-%08x\r\n', word(), word(), word(), word())
end

local function read() return 'GET /v1/counters/' .. name() .. ' HTTP/1.1\r\nHost: ' .. host .. '\r\n\r\n' end

local function increment()
  return 'POST /v1/counters/' .. name() .. '/increment HTTP/1.1\r\nHost: ' .. host .. '\r\n'
    .. key() .. 'Content-Length: 0\r\n\r\n'
end

local function webdis(command)
  return 'GET /' .. command .. '/' .. name() .. ' HTTP/1.1\r\nHost: ' .. host .. '\r\n\r\n'
end

local function window()
  local body = '{"ttlMs":60000,"expiry":"ifNone"}'
  return 'POST /v1/counters/' .. name() .. '/increment HTTP/1.1\r\nHost: ' .. host .. '\r\n' .. key()
    .. 'Content-Type: application/json\r\nContent-Length: ' .. #body .. '\r\n\r\n' .. body
end

local function batch()
  local parts = {}
  for index = 1, items do parts[index] = '{"name":"' .. name() .. '"}' end
  local body = '{"increments":[' .. table.concat(parts, ',') .. ']}'
  return 'POST /v1/increments HTTP/1.1\r\nHost: ' .. host .. '\r\n' .. key()
    .. 'Content-Type: application/json\r\nContent-Length: ' .. #body .. '\r\n\r\n' .. body
end

local function mixed()
  if math.random() < 0.9 then return read() end
  return increment()
end

function init(args)
  operation, items, count = args[1], tonumber(args[2]), tonumber(args[3])
  theta, zeta, keyed = tonumber(args[4]), tonumber(args[5]), args[6] == 'keyed'
  local think_ms = tonumber(args[7])
  if think_ms > 0 then delay = function() return think_ms end end
  math.randomseed(tonumber(args[8]))
  host = wrk.host .. ':' .. wrk.port
  if theta > 0 then
    head = 1 + 0.5 ^ theta
    alpha = 1 / (1 - theta)
    skew = (1 - (2 / count) ^ (1 - theta)) / (1 - head / zeta)
  end
  local requests = {
    read = read,
    increment = increment,
    batch = batch,
    mixed = mixed,
    window = window,
    ['webdis-read'] = function() return webdis('GET') end,
    ['webdis-increment'] = function() return webdis('INCR') end,
  }
  request = requests[operation]
  local constant = { read = true, increment = true, ['webdis-read'] = true, ['webdis-increment'] = true }
  if count == 1 and not keyed and constant[operation] then
    -- Always the same: made once, so that it costs wrk nothing.
    local same = request()
    request = function() return same end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,"p999Ms":%.3f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency:percentile(99.9) / 1e3, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
