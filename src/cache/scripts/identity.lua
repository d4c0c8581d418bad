-- Put in front of every script: which data this is. The Redis process (run_id), its data set (master_replid), and
-- what the caller knows: format of entries, epoch of the guard, database. A copy restored from an old snapshot, a
-- promoted replica and an entry of an earlier epoch all have another identity.
local function field(info, name)
  local _, last = string.find(info, name, 1, true)
  return string.sub(info, last + 1, last + 40)
end

local function identity(scope)
  local info = redis.call('INFO', 'server', 'replication')
  local server = field(info, '\nrun_id:') .. ':' .. field(info, '\nmaster_replid:')
  return string.sub(redis.sha1hex(server .. ':' .. scope), 1, 24)
end

-- Layout of a value: kind ('E' or 'L'), identity (24), a space, then version, space and body of an entry, or the nonce.
local function kind(value) return string.sub(value, 1, 1) end
local function is_own(value, own) return string.sub(value, 2, 25) == own end
