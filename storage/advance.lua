-- Moves the position of a reader forward, never back.
-- KEYS[1]: the hash of its progress. ARGV[1]: the position, MS-NUMBER.ORDINAL. ARGV[2]: how many
-- more entries were trimmed before the reader saw them.

-- Parts have up to 20 digits, which Lua's numbers cannot hold: they are compared as text.
local function ahead(one, other)
  local a, b = {string.match(one, '^(%d+)-(%d+)%.(%d+)')}, {string.match(other, '^(%d+)-(%d+)%.(%d+)')}
  for part = 1, 3 do
    if a[part] ~= b[part] then
      return #a[part] > #b[part] or (#a[part] == #b[part] and a[part] > b[part])
    end
  end
  return false
end

local now = redis.call('HGET', KEYS[1], 'cursor')
if now and not ahead(ARGV[1], now) then
  return 0
end
redis.call('HSET', KEYS[1], 'cursor', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'lost', ARGV[2])
return 1
