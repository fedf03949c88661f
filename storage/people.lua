-- The profiles and standings of some people, and some more plain keys; reads only.
-- A device's profile may be the alias of the user it was identified as: then that user's is read.
-- KEYS: for each id its profile key and its standing key, then the plain keys.
-- ARGV: the number of people, then the prefixes of profile and standing keys, then the alias mark.
local people = tonumber(ARGV[1])
local answer = {}
for person = 1, people do
  local profile = redis.call('GET', KEYS[2 * person - 1])
  local standing = KEYS[2 * person]
  local user = ''
  if profile and string.sub(profile, 1, 1) == ARGV[4] then
    user = string.sub(profile, 2)
    local part = string.gsub(user, '[^A-Za-z0-9_.~-]', function(byte)
      return string.format('%%%02X', string.byte(byte))
    end)
    profile = redis.call('GET', ARGV[2] .. part)
    standing = ARGV[3] .. part
  end
  answer[#answer + 1] = user
  answer[#answer + 1] = profile
  answer[#answer + 1] = redis.call('GET', standing)
end
for number = 2 * people + 1, #KEYS do
  answer[#answer + 1] = redis.call('GET', KEYS[number])
end
return answer
