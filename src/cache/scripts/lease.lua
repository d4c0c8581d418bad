-- Asks for the right to fill missing entries. A lease that is held already is shared: whoever holds it publishes what
-- was selected after it was granted. Many keys a call, for the same reason as in publish.lua.
-- KEYS the counters' keys
-- ARGV[1] scope, ARGV[2] nonce (128 random bits), ARGV[3] life of a lease in ms
-- Returns for each key {'entry', value} | {'lease', nonce} | {'refused', reason}
local own = identity(ARGV[1])

local function lease(key)
  local held = redis.call('GET', key)
  if held and is_own(held, own) then
    if kind(held) == 'E' then return {'entry', held} end
    return {'lease', string.sub(held, 27)}
  end
  local stored = redis.pcall('SET', key, 'L' .. own .. ' ' .. ARGV[2], 'PX', ARGV[3])
  if stored.err then
    redis.call('DEL', key)
    return {'refused', stored.err}
  end
  return {'lease', ARGV[2]}
end

local replies = {}
for i, key in ipairs(KEYS) do replies[i] = lease(key) end
return replies
