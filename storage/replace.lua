-- Puts a field of a hash, or removes it, if it still is what the writer saw.
-- KEYS[1]: the hash. ARGV[1]: the field. ARGV[2]: what it was ('': not there).
-- ARGV[3]: what it becomes ('': removed). ARGV[4]: how many fields there may be.
local now = redis.call('HGET', KEYS[1], ARGV[1])
if (now or '') ~= ARGV[2] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
elseif not now and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  return -1
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
return 1
