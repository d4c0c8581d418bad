-- Brings a truth to the cache before anybody is told of it. Afterwards the key holds an entry at least as new, or
-- nothing: so no older lease and no older entry outlives the answer. It never creates a key where there was none,
-- since a flush may have removed something newer.
-- KEYS[1] the counter's key
-- ARGV[1] scope, ARGV[2] nonce of a lease or '', ARGV[3] version (decimal), ARGV[4] body, ARGV[5] life in ms
-- Returns {'absent'} | {'stored'} | {'kept', value} (the entry there is at least as new) | {'deleted', reason}
local held = redis.call('GET', KEYS[1])
if not held then return {'absent'} end

-- As text: a version may be longer than a Lua number is exact.
local function is_older(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

local own = identity(ARGV[1])
if not is_own(held, own) then
  redis.call('DEL', KEYS[1])
  return {'deleted', 'foreign'}
end
if kind(held) == 'E' then
  local version_end = string.find(held, ' ', 27, true)
  if not is_older(string.sub(held, 27, version_end - 1), ARGV[3]) then return {'kept', held} end
elseif ARGV[2] == '' or string.sub(held, 27) ~= ARGV[2] then
  redis.call('DEL', KEYS[1])
  return {'deleted', 'lease'}
end
local stored = redis.pcall('SET', KEYS[1], 'E' .. own .. ' ' .. ARGV[3] .. ' ' .. ARGV[4], 'PX', ARGV[5])
if stored.err then
  redis.call('DEL', KEYS[1])
  return {'deleted', stored.err}
end
return {'stored'}
