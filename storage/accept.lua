-- Triggers accepted once each, and put on the stream of their site in the same step.
-- KEYS[1]: the namespace's run number. KEYS[2]: the served namespace. KEYS[3]: the one that was served
-- until a moment ago. KEYS[4..]: for each trigger the key of its id, then its stream.
-- ARGV: our run, our namespace, the one that is served if none was chosen, how long an id is
-- remembered (ms), about how many entries a stream keeps; then for each trigger its CloudEvent, empty
-- if it is for no stream, and what is kept with its id.
-- Answers with one number a trigger: 1 accepted now, 0 accepted before. With nothing at all if the
-- namespace is neither of the two: it delivers nothing to anybody.
local run = tonumber(ARGV[1])
local current = tonumber(redis.call('GET', KEYS[1]) or '0')
if current > run then
  return redis.error_reply('FENCED ' .. current)
end
local served = redis.call('GET', KEYS[2]) or ARGV[3]
if served ~= ARGV[2] and redis.call('GET', KEYS[3]) ~= ARGV[2] then
  return {}
end
local answer = {}
for number = 1, (#ARGV - 5) / 2 do
  local id, stream = KEYS[2 * number + 2], KEYS[2 * number + 3]
  local event, kept = ARGV[4 + 2 * number], ARGV[5 + 2 * number]
  if redis.call('SET', id, kept, 'NX', 'PX', ARGV[4]) then
    if event ~= '' then
      redis.call('XADD', stream, 'MAXLEN', '~', ARGV[5], '*', 'event', event)
    end
    answer[number] = 1
  else
    answer[number] = 0
  end
end
return answer
