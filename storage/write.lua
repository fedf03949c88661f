-- One batch of view writes, fenced by run number.
-- KEYS[1]: the namespace's run number. KEYS[2..]: one key for each write, in order.
-- ARGV[1]: our run number. Then for each write its kind and what that kind needs.
local run = tonumber(ARGV[1])
local current = tonumber(redis.call('GET', KEYS[1]) or '0')
if current > run then
  return redis.error_reply('FENCED ' .. current)
end
if current < run then
  -- A store that was wiped has forgotten its number; an older run must not slip in then.
  redis.call('SET', KEYS[1], ARGV[1])
end

local at = 2
local function take(count)
  local first = at
  at = at + count
  return unpack(ARGV, first, at - 1)
end

for number = 2, #KEYS do
  local key, kind = KEYS[number], ARGV[at]
  at = at + 1
  if kind == 'P' then
    redis.call('SET', key, ARGV[at], 'PX', ARGV[at + 1])
    at = at + 2
  elseif kind == 'S' then
    redis.call('SET', key, ARGV[at])
    at = at + 1
  elseif kind == 'D' then
    redis.call('UNLINK', key)
  elseif kind == 'H' then
    local count = tonumber(ARGV[at])
    at = at + 1
    redis.call('HSET', key, take(count))
  elseif kind == 'X' then
    local length, count = ARGV[at], tonumber(ARGV[at + 1])
    at = at + 2
    redis.call('XADD', key, 'MAXLEN', '~', length, '*', take(count))
  elseif kind == 'M' then
    local count = tonumber(ARGV[at])
    at = at + 1
    redis.call('SADD', key, take(count))
  else
    return redis.error_reply('ERR unknown kind of view write: ' .. tostring(kind))
  end
end
return #KEYS - 1
