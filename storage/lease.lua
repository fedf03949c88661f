-- Takes a lease that is free, keeps one, or gives it back.
-- KEYS[1]: the lease. KEYS[2]: the counter of run numbers.
-- ARGV[1]: 'take', 'keep' or 'give'. ARGV[2]: our run number. ARGV[3]: how long it holds (ms).
-- Answers the run number under which it is held by us, or 0.
local owner = redis.call('GET', KEYS[1])
if ARGV[1] == 'take' then
  if owner then
    return 0
  end
  local run = redis.call('INCR', KEYS[2])
  redis.call('SET', KEYS[1], run, 'PX', ARGV[3])
  return run
end
if owner ~= ARGV[2] then
  return 0
end
if ARGV[1] == 'keep' then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
else
  redis.call('DEL', KEYS[1])
end
return tonumber(ARGV[2])
