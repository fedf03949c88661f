-- What keys of any type hold, with the name of the type; reads only.
local answer = {}
for _, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  local value = false
  if kind == 'string' then
    value = redis.call('GET', key)
  elseif kind == 'hash' then
    value = redis.call('HGETALL', key)
  elseif kind == 'set' then
    value = redis.call('SMEMBERS', key)
  elseif kind == 'stream' then
    value = redis.call('XRANGE', key, '-', '+')
  end
  answer[#answer + 1] = kind
  answer[#answer + 1] = value
end
return answer
