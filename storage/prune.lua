-- Takes entries out of a stream, bytes and all: XDEL alone leaves them in memory and in its files.
-- KEYS[1]: the stream. ARGV: the ids. Answers how many of them there were.
-- The others keep their ids, and the stream what it knows of all that were ever added.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local gone, kept, info, found = {}, {}, {}, 0
for _, id in ipairs(ARGV) do
  gone[id] = true
end
local flat = redis.call('XINFO', 'STREAM', KEYS[1])
for at = 1, #flat, 2 do
  info[flat[at]] = flat[at + 1]
end
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do
  if gone[entry[1]] then
    found = found + 1
  else
    kept[#kept + 1] = entry
  end
end
if found == 0 then
  return 0
end
local last = info['last-generated-id']
redis.call('DEL', KEYS[1])
for _, entry in ipairs(kept) do
  redis.call('XADD', KEYS[1], entry[1], unpack(entry[2]))
end
if #kept == 0 then
  -- A stream remembers where it stands only while there is one.
  redis.call('XADD', KEYS[1], last, 'event', '')
  redis.call('XDEL', KEYS[1], last)
end
redis.call('XSETID', KEYS[1], last, 'ENTRIESADDED', info['entries-added'], 'MAXDELETEDID', last)
return found
