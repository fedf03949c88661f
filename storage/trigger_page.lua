-- Entries of a stream of triggers after an id, and where the stream stands; reads only.
-- KEYS[1]: the stream. ARGV[1]: the id. ARGV[2]: how many entries at most.
-- Answers: entries ever added, entries kept, newest id, first kept id, {id, event, id, event, ...}.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {0, 0, '0-0', '', {}}
end
local info, answer = {}, {}
local flat = redis.call('XINFO', 'STREAM', KEYS[1])
for at = 1, #flat, 2 do
  info[flat[at]] = flat[at + 1]
end
-- Nothing, not an empty list, is answered to a count of zero.
local entries = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2]) or {}
for _, entry in ipairs(entries) do
  local event = ''
  for at = 1, #entry[2], 2 do
    if entry[2][at] == 'event' then
      event = entry[2][at + 1]
    end
  end
  answer[#answer + 1] = entry[1]
  answer[#answer + 1] = event
end
local first = info['first-entry'] and info['first-entry'][1] or ''
return {info['entries-added'], info['length'], info['last-generated-id'], first, answer}
