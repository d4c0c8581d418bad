-- Asks for the right to fill a missing entry. A lease that is held already is shared: whoever holds it publishes what
-- was selected after it was granted.
-- KEYS[1] the counter's key
-- ARGV[1] scope, ARGV[2] nonce (128 random bits), ARGV[3] life of the lease in ms
-- Returns {'entry', value} | {'lease', nonce} | {'refused', reason}
local held = redis.call('GET', KEYS[1])
local own = identity(ARGV[1])
if held and is_own(held, own) then
  if kind(held) == 'E' then return {'entry', held} end
  return {'lease', string.sub(held, 27)}
end
local stored = redis.pcall('SET', KEYS[1], 'L' .. own .. ' ' .. ARGV[2], 'PX', ARGV[3])
if stored.err then
  redis.call('DEL', KEYS[1])
  return {'refused', stored.err}
end
return {'lease', ARGV[2]}
