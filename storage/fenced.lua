-- Several commands at once, for the holder of a lease only.
-- KEYS[1]: the key of the lease. KEYS[2..]: the keys that the commands name.
-- ARGV[1]: the run number of our lease. Then for each command how many words it has, and these.
local owner = redis.call('GET', KEYS[1])
if owner ~= ARGV[1] then
  return redis.error_reply('FENCED ' .. (owner or '0'))
end
local at = 2
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + count))
  at = at + count + 1
end
return redis.status_reply('OK')
