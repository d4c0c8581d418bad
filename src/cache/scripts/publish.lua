-- Brings truths to the cache before anybody is told of them. Afterwards each key holds an entry at least as new, or
-- nothing: so no older lease and no older entry outlives the answer. It never creates a key where there was none,
-- since a flush may have removed something newer. Many keys a call, since who this Redis is, the dearest part, is then
-- asked once for all.
-- KEYS the counters' keys
-- ARGV[1] scope; then for each key, with a space between: life in ms, nonce of a lease or '-', version (decimal), body.
--   A life of 0 is over: nothing is stored, and nothing older stays. One text, since each argument costs client and Redis more than what is in it.
-- Returns for each key 'absent' | 'stored' | 'deleted' | the value that is there, an entry at least as new

-- As text: a version may be longer than a Lua number is exact.
local function is_older(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

local own = nil

local function publish(key, truth)
  local held = redis.call('GET', key)
  if not held then return 'absent' end
  if not own then own = identity(ARGV[1]) end
  local _, before_version, life, nonce = string.find(truth, '^(%d+) (%S+) ')
  local version = string.match(truth, '^%d+', before_version + 1)
  local replaceable = false
  if is_own(held, own) then
    if kind(held) == 'E' then
      local version_end = string.find(held, ' ', 27, true)
      if not is_older(string.sub(held, 27, version_end - 1), version) then return held end
      replaceable = true
    else
      replaceable = string.sub(held, 27) == nonce
    end
  end
  if replaceable and life ~= '0' then
    local stored = redis.pcall('SET', key, 'E' .. own .. ' ' .. string.sub(truth, before_version + 1), 'PX', life)
    if not stored.err then return 'stored' end
  end
  redis.call('DEL', key)
  return 'deleted'
end

local replies = {}
for i, key in ipairs(KEYS) do
  replies[i] = publish(key, ARGV[i + 1])
end
return replies
